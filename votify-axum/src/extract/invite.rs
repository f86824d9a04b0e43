//! The invite code of a request.

use axum::extract::Query;
use axum::http::Uri;
use votify_core::voter::InviteCode;

/// The query parameter that contains the code. Browsers can set neither headers nor a
/// body for a WebSocket or an event stream, and one form for all requests is simpler.
pub(crate) const PARAMETER: &str = "invite";

/// Returns the code of a query that contains exactly one valid code.
pub(crate) fn from_query(uri: &Uri) -> Option<InviteCode> {
    // Most requests have no code. This check spares them the parsing.
    uri.query().filter(|query| query.contains(PARAMETER))?;
    let Query(parameters) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let mut codes = parameters.iter().filter(|(name, _)| name == PARAMETER);
    match (codes.next(), codes.next()) {
        (Some((_, code)), None) => code.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_valid_code_is_read() {
        let code = InviteCode::from_bytes([7; 10]);
        let read = |query: &str| from_query(&format!("/x?{query}").parse().unwrap());
        assert_eq!(read("invite=0W3G-E1R7-0W3G-E1R7"), Some(code));
        assert_eq!(read("a=b&invite=ow3ge1r7+0w3ge1r7&c"), Some(code));
        assert_eq!(read("invite=0W3G%2DE1R7%2D0W3GE1R7"), Some(code));
        for invalid in [
            "",
            "invite",
            "invite=",
            "invite=0W3G",
            "invites=0W3G-E1R7-0W3G-E1R7",
            "invite=0W3G-E1R7-0W3G-E1R7&invite=0W3G-E1R7-0W3G-E1R7",
            "invite=%ff%00",
        ] {
            assert_eq!(read(invalid), None, "{invalid}");
        }
    }
}
