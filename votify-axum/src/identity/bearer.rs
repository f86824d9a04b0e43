use axum::http::{HeaderMap, header};

use crate::identity::IdentityError;

/// Returns the token of the `Authorization: Bearer` header, if there is one. Other
/// schemes are ignored: a proxy in front may use a password of its own.
///
/// # Errors
/// - [`IdentityError::Invalid`]: there are several tokens, or one with other than visible
///   ASCII characters.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, IdentityError> {
    let mut token = None;
    for line in headers.get_all(header::AUTHORIZATION) {
        let bytes = line.as_bytes();
        let is_bearer = bytes
            .get(..6)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
            && bytes.get(6).is_none_or(|end| *end == b' ');
        if !is_bearer {
            continue;
        }
        let text = line.to_str().map_err(|_| IdentityError::Invalid)?;
        if token.replace(text[6..].trim()).is_some() {
            return Err(IdentityError::Invalid);
        }
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn one_bearer_token_is_read_and_other_schemes_are_ignored() {
        let read = |lines: &[&str]| {
            let lines = lines.iter().map(|line| {
                let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
                (header::AUTHORIZATION, value)
            });
            let headers = HeaderMap::from_iter(lines.collect::<Vec<_>>());
            let mut all = HeaderMap::new();
            all.extend(headers);
            bearer(&all).map(|token| token.map(str::to_owned))
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["Basic dXNlcjpwYXNz"]), Ok(None));
        assert_eq!(read(&["Bearerish x"]), Ok(None));
        assert_eq!(read(&["Bearer a.b.c"]), Ok(Some("a.b.c".into())));
        assert_eq!(read(&["bEARER  a.b.c "]), Ok(Some("a.b.c".into())));
        assert_eq!(read(&["Bearer"]), Ok(Some(String::new())));
        assert_eq!(read(&["Bearer ä"]), Err(IdentityError::Invalid));
    }

    #[test]
    fn two_tokens_are_invalid() {
        let mut headers = HeaderMap::new();
        for token in ["Bearer a", "Bearer b"] {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(token));
        }
        assert_eq!(bearer(&headers), Err(IdentityError::Invalid));
    }
}
