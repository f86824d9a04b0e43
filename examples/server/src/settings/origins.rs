use votify_axum::{InvalidOrigin, Origin};

use crate::settings::ServeSettings;

/// Parses origins separated by commas.
pub(super) fn parse(text: &str) -> Result<Vec<Origin>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| {
            item.parse()
                .map_err(|error: InvalidOrigin| format!("{item:?}: {error}, without a path or *, and with the xn-- form of other letters than a to z"))
        })
        .collect()
}

/// Logs a warning if browsers send no cookies from pages of other sites.
pub(crate) fn warn_without_tls(settings: &ServeSettings) {
    let is_secure = settings
        .public_url
        .as_ref()
        .is_some_and(|url| url.origin().is_secure());
    let has_none = settings.allowed_origins.is_empty() && settings.frame_ancestors.is_empty();
    if !has_none && !is_secure {
        tracing::warn!(
            "pages of other sites get no cookies, and vote without a session: set --public-url to \
             an https:// URL; pages of the same site, such as another port of localhost, work"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_a_scheme_and_no_path() {
        let origins = parse("https://WWW.example.org, http://localhost:3000,,").unwrap();
        let shown: Vec<String> = origins.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["https://www.example.org", "http://localhost:3000"]);
        assert_eq!(parse("").unwrap(), []);
        for bad in [
            "www.example.org",
            "https://a.example/",
            "*",
            "null",
            "https://*.a.example",
        ] {
            let problem = parse(bad).unwrap_err();
            assert!(problem.contains("https://example.org"), "{problem}");
        }
    }
}
