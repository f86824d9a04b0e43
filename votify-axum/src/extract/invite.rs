//! The invite code of a request.

use axum::extract::Query;
use axum::http::Uri;
use votify_core::voter::InviteCode;

use crate::dto::fields::FieldErrors;
use crate::error::{ErrorCode, Problem};

/// The query parameter that contains the code. Browsers can set neither headers nor a
/// body for a WebSocket or an event stream, and one form for all requests is simpler.
pub(crate) const PARAMETER: &str = "invite";

/// The invite code of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InviteParameter {
    /// No code, or a malformed one.
    Missing,
    Code(InviteCode),
    /// Several codes: nothing says which of them counts.
    Repeated,
}

impl InviteParameter {
    /// Returns the code if there is exactly one.
    pub(crate) const fn code(self) -> Option<InviteCode> {
        match self {
            Self::Code(code) => Some(code),
            Self::Missing | Self::Repeated => None,
        }
    }
}

/// Returns the problem of a query with several codes.
pub(super) fn repeated() -> Problem {
    let mut errors = FieldErrors::default();
    errors.add(PARAMETER, "must not be repeated");
    Problem::field_errors(ErrorCode::InvalidQuery, errors.into_vec())
}

/// Returns the invite code of a query.
pub(crate) fn from_query(uri: &Uri) -> InviteParameter {
    parse(uri).unwrap_or(InviteParameter::Missing)
}

fn parse(uri: &Uri) -> Option<InviteParameter> {
    // Most requests have no code. This check spares them the parsing.
    uri.query().filter(|query| query.contains(PARAMETER))?;
    let Query(parameters) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let mut codes = parameters.iter().filter(|(name, _)| name == PARAMETER);
    match (codes.next(), codes.next()) {
        (Some((_, code)), None) => code.parse().ok().map(InviteParameter::Code),
        (Some(_), Some(_)) => Some(InviteParameter::Repeated),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_valid_code_is_read() {
        let code = InviteParameter::Code(InviteCode::from_bytes([7; 10]));
        let read = |query: &str| from_query(&format!("/x?{query}").parse().unwrap());
        assert_eq!(read("invite=0W3G-E1R7-0W3G-E1R7"), code);
        assert_eq!(read("a=b&invite=ow3ge1r7+0w3ge1r7&c"), code);
        assert_eq!(read("invite=0W3G%2DE1R7%2D0W3GE1R7"), code);
        for invalid in [
            "",
            "invite",
            "invite=",
            "invite=0W3G",
            "invites=0W3G-E1R7-0W3G-E1R7",
            "invite=%ff%00",
        ] {
            assert_eq!(read(invalid), InviteParameter::Missing, "{invalid}");
        }
        for repeated in [
            "invite=0W3G-E1R7-0W3G-E1R7&invite=0W3G-E1R7-0W3G-E1R7",
            "invite=0W3G-E1R7-0W3G-E1R7&a=b&%69nvite=",
        ] {
            assert_eq!(read(repeated), InviteParameter::Repeated, "{repeated}");
        }
    }
}
