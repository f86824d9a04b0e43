//! The code of an invitation, as a request brings it.

use axum::extract::Query;
use axum::http::Uri;
use votify_core::voter::InviteCode;

/// The parameter that holds it. Not a header or a field of the body: browsers can set neither on a WebSocket or an event
/// stream, and one way for all calls is easier to get right.
pub(crate) const PARAMETER: &str = "invite";

/// The code of a query, if there is exactly one that reads as a code.
pub(crate) fn of(uri: &Uri) -> Option<InviteCode> {
    // Most requests bring none, and need not be taken apart.
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
    fn one_readable_code_is_taken() {
        let code = InviteCode::from_bytes([7; 10]);
        let brought = |query: &str| of(&format!("/x?{query}").parse().unwrap());
        assert_eq!(brought("invite=0W3G-E1R7-0W3G-E1R7"), Some(code));
        assert_eq!(brought("a=b&invite=ow3ge1r7+0w3ge1r7&c"), Some(code));
        assert_eq!(brought("invite=0W3G%2DE1R7%2D0W3GE1R7"), Some(code));
        for nothing in [
            "",
            "invite",
            "invite=",
            "invite=0W3G",
            "invites=0W3G-E1R7-0W3G-E1R7",
            "invite=0W3G-E1R7-0W3G-E1R7&invite=0W3G-E1R7-0W3G-E1R7",
            "invite=%ff%00",
        ] {
            assert_eq!(brought(nothing), None, "{nothing}");
        }
    }
}
