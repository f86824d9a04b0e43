use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use votify_core::PollEngine;
use votify_core::poll::FieldError;
use votify_core::voter::InviteCode;

use crate::fields::{Fields, Problems};

/// Codes to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct NewInvites {
    /// How many.
    #[schema(minimum = 1, maximum = 10_000)]
    count: u32,
}

/// Reads how many codes are to be made.
///
/// # Errors
/// Everything that is wrong with the body.
pub(crate) fn read(body: Value) -> Result<u32, Vec<FieldError>> {
    let mut problems = Problems::default();
    let Some(mut fields) = Fields::of(body, "", &mut problems) else {
        return Err(problems.into_vec());
    };
    if !fields.has("count") {
        problems.add("count", "is missing");
    }
    let count = fields.number("count", &mut problems);
    let most = PollEngine::MAX_INVITES_PER_CALL;
    if count.is_some_and(|count| !(1..=most).contains(&count)) {
        problems.add("count", format!("must be 1 to {most}"));
    }
    fields.finish(&mut problems);
    match count {
        Some(count) if problems.is_empty() => Ok(count),
        _ => Err(problems.into_vec()),
    }
}

/// Codes that were made, told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitesBody {
    invites: Vec<InviteBody>,
}

/// What one voter is to be given.
#[derive(Serialize, ToSchema)]
pub(crate) struct InviteBody {
    /// Good for one vote.
    #[schema(example = "0W3G-E1R7-0W3G-E1R7")]
    code: String,
    /// Where to vote with it, where the web pages are served: the whole address if the server knows its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    url: Option<String>,
}

impl InvitesBody {
    /// `page`: where the poll's page is, if there is one.
    pub(crate) fn new(codes: &[InviteCode], page: Option<&str>) -> Self {
        let invite = |code: &InviteCode| {
            let code = code.text();
            let url = page.map(|page| format!("{page}?{}={code}", crate::invite::PARAMETER));
            InviteBody { code, url }
        };
        Self {
            invites: codes.iter().map(invite).collect(),
        }
    }

    /// A table for spreadsheets (RFC 4180). No value holds a comma or a quote.
    pub(crate) fn to_csv(&self) -> String {
        let mut table = String::from("code,url\r\n");
        for InviteBody { code, url } in &self.invites {
            let url = url.as_deref().unwrap_or_default();
            table.extend([code, ",", url, "\r\n"]);
        }
        table
    }
}
