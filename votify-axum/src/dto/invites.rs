use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use votify_core::PollEngine;
use votify_core::engine::InviteCounts;
use votify_core::poll::FieldError;
use votify_core::voter::InviteCode;

use crate::dto::fields::{FieldErrors, FieldReader};

/// A number of invite codes to create.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only for the OpenAPI document")]
pub(crate) struct NewInvites {
    /// Number of codes.
    #[schema(minimum = 1, maximum = 10_000)]
    count: u32,
}

/// Reads the number of codes to create.
///
/// # Errors
/// Returns one error per invalid field; the handler answers 422 `invalid_invites`.
pub(crate) fn read(body: Value) -> Result<u32, Vec<FieldError>> {
    let mut errors = FieldErrors::default();
    let Some(mut fields) = FieldReader::new(body, "", &mut errors) else {
        return Err(errors.into_vec());
    };
    if !fields.contains("count") {
        errors.add("count", "required");
    }
    let count = fields.number("count", &mut errors);
    let max = PollEngine::MAX_INVITES_PER_CALL;
    if count.is_some_and(|count| !(1..=max).contains(&count)) {
        errors.add("count", format!("must be 1 to {max}"));
    }
    fields.finish(&mut errors);
    match count {
        Some(count) if errors.is_empty() => Ok(count),
        _ => Err(errors.into_vec()),
    }
}

/// Returns the maximum size of the response with `count` codes, in bytes.
pub(crate) fn max_size(count: u32, page: Option<&str>) -> usize {
    /// Maximum size of an invite besides the URL of the page. The code is in it twice.
    const INVITE: usize = 72;
    /// Maximum size of the rest.
    const ENCLOSING: usize = 32;
    let invite = INVITE + page.map_or(0, str::len);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    count.saturating_mul(invite).saturating_add(ENCLOSING)
}

/// New invite codes. The server does not store them.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitesBody {
    invites: Vec<InviteBody>,
}

/// The invite of one voter.
#[derive(Serialize, ToSchema)]
pub(crate) struct InviteBody {
    /// The code. It is valid for one vote.
    #[schema(example = "0W3G-E1R7-0W3G-E1R7")]
    code: String,
    /// The page to vote with the code, if the server has web pages. Absolute if the
    /// server knows its public URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    url: Option<String>,
}

impl InvitesBody {
    /// Creates the body. `page` is the URL of the poll's page, if there is one.
    pub(crate) fn new(codes: &[InviteCode], page: Option<&str>) -> Self {
        let invite = |code: &InviteCode| {
            let code = code.text();
            let url =
                page.map(|page| format!("{page}?{}={code}", crate::extract::invite::PARAMETER));
            InviteBody { code, url }
        };
        Self {
            invites: codes.iter().map(invite).collect(),
        }
    }

    /// Renders a CSV table (RFC 4180). No value contains a comma or a quote.
    pub(crate) fn to_csv(&self) -> String {
        let mut table = String::from("code,url\r\n");
        for InviteBody { code, url } in &self.invites {
            let url = url.as_deref().unwrap_or_default();
            table.extend([code, ",", url, "\r\n"]);
        }
        table
    }
}

/// How many invite codes a poll has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InviteCounts)]
pub(crate) struct InviteCountsBody {
    /// Codes that were created.
    made: u64,
    /// Codes with a vote. Absent while the owner may not see counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    used: Option<u64>,
    /// Codes without a vote. Absent like `used`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    left: Option<u64>,
}

impl From<InviteCounts> for InviteCountsBody {
    fn from(counts: InviteCounts) -> Self {
        Self {
            made: counts.made,
            used: counts.used,
            left: counts.left(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_at_most_as_large_as_reserved() {
        for count in [1, 50] {
            let codes: Vec<InviteCode> = (0..count).map(|_| InviteCode::random()).collect();
            for page in [None, Some("https://polls.example.org/p/x")] {
                let body = InvitesBody::new(&codes, page);
                let max = max_size(count, page);
                let json = serde_json::to_vec(&body).unwrap();
                assert!(json.len() <= max && json.len() > max / 3, "{}", json.len());
                assert!(body.to_csv().len() <= max);
            }
        }
    }
}
