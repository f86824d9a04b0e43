use cookie::SameSite;

/// The attributes of cookies of this server.
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
        if self.is_cross_site() {
            SameSite::None
        } else {
            SameSite::Lax
        }
    }

    /// Returns true if the cookies reach pages of other sites. Each of those sites then has
    /// cookies of its own (`Partitioned`): browsers accept no others there.
    pub(crate) const fn is_cross_site(self) -> bool {
        self.secure && self.cross_site
    }
}
