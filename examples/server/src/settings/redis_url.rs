use url::Url;
use votify_redis::redis::IntoConnectionInfo;

use super::server_url::ServerUrl;

/// Returns true if the scheme is one of Redis.
pub(super) fn is_redis(scheme: &str) -> bool {
    matches!(scheme, "redis" | "rediss")
}

/// Parses the URL of a Redis server, or of one node of a cluster.
///
/// Errors never repeat a part of the URL, which may be a secret.
pub(super) fn parse(text: &str) -> Result<ServerUrl, String> {
    let shape = "redis://[[user]:password@]host[:port][/number]";
    let given = ServerUrl::parse(text)?;
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    if url.query().is_some() {
        return Err(format!("must not have parameters after a ?: {shape}"));
    }
    if !url.username().is_empty() && url.password().is_none() {
        return Err(format!(
            "has a user without a password; write a password alone after a colon: {shape}"
        ));
    }
    let database = url.path().trim_matches('/');
    if !database.is_empty() && database.parse::<u32>().is_err() {
        return Err(format!("has a path that is not a database number: {shape}"));
    }
    match url.into_connection_info() {
        Ok(_) => Ok(given),
        Err(_) => Err(format!("is not a Redis URL: {shape}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_invalid_urls_do_not_show_the_password() {
        for good in [
            "redis://cache",
            "rediss://ann:hunter2@cache:7000/3",
            "redis://:p%40ss@[::1]:6379/",
        ] {
            let url = parse(good).unwrap();
            assert!(!format!("{url} {url:?}").contains("hunter2"), "{url}");
        }
        for bad in [
            "redis:",
            "redis://",
            "redis://hunter2@cache",
            "redis://:hunter2@cache:port",
            "redis://:hunter2@cache/polls",
            "redis://:hunter2@cache/-1",
            "redis://:hunter2@cache?password=hunter2",
            "redis://:hunter2@cache#insecure",
            "redis://:hun#ter2@cache",
            "redis://:hunter2%ff@cache",
        ] {
            let problem = parse(bad).unwrap_err();
            assert!(!problem.contains("hunter2"), "{bad}: {problem}");
        }
    }
}
