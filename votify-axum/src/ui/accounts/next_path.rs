use axum::http::Uri;

/// The page to which a login leads.
const DEFAULT: &str = "/mine";
/// Maximum length of a path in bytes.
const MAX_BYTES: usize = 1_024;

/// A path and query of this router, such as `/p/…?invite=…`. Never an address of another
/// server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NextPath(String);

impl NextPath {
    /// Reads a path. Anything else leads to the caller's own polls.
    ///
    /// Browsers treat `//host` and `/\host` as another server, and ignore tabs and line
    /// breaks. So only printable ASCII without a backslash is accepted.
    pub(super) fn read(text: Option<&str>) -> Self {
        let path = text.filter(|text| is_own_path(text));
        Self(path.unwrap_or(DEFAULT).to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_own_path(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    text.len() <= MAX_BYTES
        && text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(is_plain)
        && text.parse::<Uri>().is_ok_and(|uri| uri.authority().is_none())
        // The browser resolves these, and would leave the path of this router.
        && !text.split(['/', '?', '#']).any(is_dots)
}

/// Returns true for `.` and `..`, also percent-encoded.
fn is_dots(part: &str) -> bool {
    let part = part.to_ascii_lowercase().replace("%2e", ".");
    part == "." || part == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_router_are_kept() {
        for own in [
            "/",
            "/mine",
            "/p/0199aa3e-0000-7000-8000-000000000001?invite=0W3G-E1R7-0W3G-E1R7",
            "/polls?q=caf%C3%A9&category=a%2Fb",
            "/polls?q=a...b",
        ] {
            assert_eq!(NextPath::read(Some(own)).as_str(), own);
        }
    }

    #[test]
    fn other_servers_are_never_next() {
        let long = format!("/{}", "x".repeat(MAX_BYTES));
        for foreign in [
            "",
            "mine",
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\/evil.test",
            "/\t/evil.test",
            "/\n/evil.test",
            " //evil.test",
            "https://evil.test",
            "javascript:alert(1)",
            "/é",
            "/..//evil.test",
            "/./mine",
            "/%2e%2E/admin",
            "/p/..",
            long.as_str(),
        ] {
            assert_eq!(
                NextPath::read(Some(foreign)).as_str(),
                DEFAULT,
                "{foreign:?}"
            );
        }
        assert_eq!(NextPath::read(None).as_str(), DEFAULT);
    }
}
