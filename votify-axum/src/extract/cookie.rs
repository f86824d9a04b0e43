use cookie::SameSite;

/// The attributes of all cookies of this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CookieSettings {
    /// True if browsers send the cookies over TLS only.
    pub(crate) secure: bool,
    /// True if pages of other sites send the cookies too. Browsers allow that over TLS
    /// only.
    pub(crate) cross_site: bool,
}

impl CookieSettings {
    pub(crate) const fn same_site(self) -> SameSite {
        if self.secure && self.cross_site {
            SameSite::None
        } else {
            SameSite::Lax
        }
    }
}
