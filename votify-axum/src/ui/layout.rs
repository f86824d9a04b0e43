//! The frame around each page: what all templates show and link.

use std::sync::Arc;

use form_urlencoded::byte_serialize;

use super::theme::Theme;

/// Everything that the template `layout.html` shows, for one caller.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    /// The path under which the router is mounted, without a trailing slash.
    pub(super) base: String,
    /// The origin of absolute links, such as `https://polls.example.org`.
    pub(super) origin: String,
    /// True if the browser treats the page as secure, and keeps the cookie of a login.
    pub(super) is_secure: bool,
    /// The path and query of this page below [`base`](Self::base).
    pub(super) path: String,
    pub(super) theme: Arc<Theme>,
    /// True if the page links to the form to create polls.
    pub(super) can_create: bool,
    /// True if the caller may list public polls.
    pub(super) can_list: bool,
    /// True if the host serves lists of polls.
    pub(super) has_lists: bool,
    /// True if there are accounts of Votify's own.
    pub(super) has_accounts: bool,
    pub(super) is_logged_in: bool,
    /// The value of the hidden field `form_token`. Empty for callers without a session.
    pub(super) form_token: String,
}

impl Layout {
    /// Returns the URL of a path of this router, which begins with a slash.
    pub(super) fn url(&self, path: &str) -> String {
        // axum passes `/votes` to a router nested there, and not `/votes/`.
        match (path, self.base.as_str()) {
            ("/", "") => "/".to_owned(),
            ("/", base) => base.to_owned(),
            (path, base) => format!("{base}{path}"),
        }
    }

    /// Returns the absolute URL of a path of this router.
    pub(super) fn absolute(&self, path: &str) -> String {
        format!("{}{}", self.origin, self.url(path))
    }

    /// Returns the URL of the login page, which leads back to this page.
    pub(super) fn login_url(&self) -> String {
        self.with_next("/login", &self.path)
    }

    /// Returns the URL of the page `path`, which leads on to the page `next`.
    pub(super) fn with_next(&self, path: &str, next: &str) -> String {
        let next: String = byte_serialize(next.as_bytes()).collect();
        format!("{}?next={next}", self.url(path))
    }

    /// Returns `page` if the link to `path` leads to this page, for `aria-current`.
    pub(super) fn current(&self, path: &str) -> &'static str {
        let own = self.path.split('?').next().unwrap_or_default();
        if own == path { "page" } else { "false" }
    }
}

/// The head of a page: its title, and what other sites show about it.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) title: String,
    pub(super) description: String,
    /// The absolute URL of the picture, or empty.
    pub(super) image: String,
    /// The absolute URL of the page, or empty.
    pub(super) url: String,
    /// True if search engines shall leave the page out.
    pub(super) is_private: bool,
}

impl Head {
    /// Creates the head of a page with a title.
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// Sets the description.
    pub(super) fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Asks search engines to leave the page out.
    pub(super) const fn private(mut self) -> Self {
        self.is_private = true;
        self
    }
}
