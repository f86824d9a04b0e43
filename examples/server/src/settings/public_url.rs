use votify_axum::{InvalidPublicUrl, PublicUrl};

/// First segments of the server's own paths. Below such a path, a request whose path a
/// proxy has shortened looks like one that it has not.
const OWN_PATHS: [&str; 22] = [
    "api",
    "p",
    "polls",
    "mine",
    "join",
    "j",
    "login",
    "logout",
    "register",
    "account",
    "healthz",
    "readyz",
    "metrics",
    "pages",
    "poll",
    "locales",
    "theme.css",
    "favicon.svg",
    "favicon.ico",
    "votify.js",
    "votify-poll.js",
    "votify-poll.css",
];

/// Parses the URL under which browsers reach the server.
pub(super) fn parse(text: &str) -> Result<PublicUrl, String> {
    let url: PublicUrl = text
        .parse()
        .map_err(|error: InvalidPublicUrl| error.to_string())?;
    let first = url.path().split('/').nth(1).unwrap_or_default();
    if OWN_PATHS.contains(&first) {
        return Err(format!(
            "the path must not begin with /{first}, which is a path of the server itself: choose another, like /votes"
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_server_itself_is_refused() {
        for good in [
            "https://example.org",
            "https://example.org/votes/",
            "http://a:1/a/api",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "https://example.org/api",
            "https://example.org/p/x",
            "https://example.org/metrics",
            "https://example.org/polls/",
        ] {
            assert!(parse(bad).unwrap_err().contains("like /votes"), "{bad}");
        }
        assert!(parse("example.org").unwrap_err().contains("https://"));
    }
}
