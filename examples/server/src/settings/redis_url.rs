use url::Url;
use votify_redis::redis::IntoConnectionInfo;

use super::server_url::ServerUrl;

/// Whether a URL's scheme is one of Redis'.
pub(super) fn is_redis(scheme: &str) -> bool {
    matches!(scheme, "redis" | "rediss")
}

/// The URL of a Redis server, or of one node of a cluster.
///
/// # Errors
/// If it is none. What is wrong is named without its value, which may be a secret.
pub(super) fn parse(text: &str) -> Result<ServerUrl, String> {
    let shape = "redis://[[user]:password@]host[:port][/number]";
    let given = ServerUrl::parse(text)?;
    let url = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
    if url.query().is_some() {
        return Err(format!(
            "has parameters after a ?, and none is known: {shape}"
        ));
    }
    if !url.username().is_empty() && url.password().is_none() {
        return Err(format!(
            "has a user without a password; a password alone stands after a colon: {shape}"
        ));
    }
    let database = url.path().trim_matches('/');
    if !database.is_empty() && database.parse::<u32>().is_err() {
        return Err(format!(
            "has a path that is no number of a database: {shape}"
        ));
    }
    match url.into_connection_info() {
        Ok(_) => Ok(given),
        Err(_) => Err(format!("is no URL of a Redis: {shape}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_without_its_password() {
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
