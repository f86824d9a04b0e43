//! What the URL of a server may say.

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::error::Error;

/// Reads `redis://` and `rediss://` URLs. What it complains about it names without its value, which may be a secret.
pub(crate) fn read(text: &str) -> Result<ConnectionInfo, Error> {
    let wrong = |problem: &str| Err(Error::WrongUrl(problem.to_owned()));
    // Its own error would be about the URL's very text.
    let Ok(url) = url::Url::parse(text) else {
        return wrong("it is no URL; one is redis://[user:password@]host[:port][/database]");
    };
    match url.scheme() {
        "redis" => {}
        "rediss" if cfg!(feature = "tls") => {}
        "rediss" => return wrong("rediss:// needs the feature `tls` of votify-redis"),
        _ => return wrong("its scheme is neither redis nor rediss"),
    }
    if url.query().is_some_and(|query| !query.is_empty()) {
        return wrong("it has parameters after '?', and none is known");
    }
    if url.fragment().is_some() {
        return wrong("it has a part after '#', and none is known");
    }
    let database = url.path().trim_matches('/');
    if !database.is_empty() && database.parse::<u32>().is_err() {
        return wrong("its path is no number of a database");
    }
    let info = url.into_connection_info().map_err(Error::Refused)?;
    Ok(with_resp3(info))
}

/// Messages come beside answers only in the newer protocol.
pub(crate) fn with_resp3(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.redis_settings().clone();
    info.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
}

#[cfg(test)]
mod tests {
    use redis::ConnectionAddr;

    use super::*;

    #[test]
    fn all_parts_are_read() {
        let info = read("redis://ann:p%40ss@redis.example:7000/3").unwrap();
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
    fn what_makes_no_sense_is_refused_without_a_secret() {
        for bad in [
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
            let error = read(bad).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hunter2"), "{bad}: {text}");
            assert!(!error.is_transient(), "{bad}");
        }
    }
}
