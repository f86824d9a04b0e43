//! Parses server URLs.

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::error::Error;

/// Parses a `redis://` or `rediss://` URL.
///
/// # Errors
/// - [`Error::InvalidUrl`], [`Error::Rejected`]: a part is invalid; correct the URL. The
///   message names the part without its value, which may be a secret.
pub(crate) fn parse(text: &str) -> Result<ConnectionInfo, Error> {
    let invalid = |problem: &str| Err(Error::InvalidUrl(problem.to_owned()));
    // The parser's own error is not used: it could quote the URL.
    let Ok(url) = url::Url::parse(text) else {
        return invalid("not a URL: expected redis://[user:password@]host[:port][/database]");
    };
    match url.scheme() {
        "redis" => {}
        "rediss" if cfg!(feature = "tls") => {}
        "rediss" => return invalid("rediss:// needs the feature `tls` of votify-redis"),
        _ => return invalid("the URL's scheme must be redis or rediss"),
    }
    if url.query().is_some_and(|query| !query.is_empty()) {
        return invalid("the URL must have no query parameters");
    }
    if url.fragment().is_some() {
        return invalid("the URL must have no fragment");
    }
    let database = url.path().trim_matches('/');
    if !database.is_empty() && database.parse::<u32>().is_err() {
        return invalid("the URL's path must be a database number");
    }
    let info = url.into_connection_info().map_err(Error::Rejected)?;
    Ok(with_resp3(info))
}

/// Selects RESP3, the only protocol that delivers push messages beside replies.
pub(crate) fn with_resp3(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.redis_settings().clone();
    info.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
}

#[cfg(test)]
mod tests {
    use redis::ConnectionAddr;

    use super::*;

    #[test]
    fn every_part_of_a_url_is_parsed() {
        let info = parse("redis://ann:p%40ss@redis.example:7000/3").unwrap();
        assert_eq!(
            *info.addr(),
            ConnectionAddr::Tcp("redis.example".to_owned(), 7000)
        );
        let settings = info.redis_settings();
        assert_eq!(settings.username(), Some("ann"));
        assert_eq!(settings.password(), Some("p@ss"));
        assert_eq!(settings.db(), 3);
        assert_eq!(settings.protocol(), ProtocolVersion::RESP3);
    }

    #[test]
    fn invalid_urls_are_rejected_without_revealing_secrets() {
        for invalid in [
            "",
            "hunter2",
            "redis://",
            "redis://:hunter2@",
            "redis://:hunter2@host:port",
            "redis://:hunter2@host/db",
            "redis://:hunter2@host/-1",
            "redis://:hunter2@host?password=hunter2",
            "redis://:hunter2@host#hunter2",
            "rediss://:hunter2@host#insecure",
            "http://:hunter2@host",
            "unix:///hunter2",
            "redis://:hunter2@0.0.0.0",
            "redis://:hunter2%ff@host",
        ] {
            let error = parse(invalid).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hunter2"), "{invalid}: {text}");
            assert!(!error.is_transient(), "{invalid}");
        }
    }
}
