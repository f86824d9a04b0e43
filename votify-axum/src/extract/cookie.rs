use cookie::SameSite;

/// The attributes of cookies of this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CookieSettings {
    /// True if browsers send the cookies over TLS only.
    pub(crate) secure: bool,
    /// True if pages of other sites send the cookies too. Browsers allow that over TLS
    /// only.
    pub(crate) cross_site: bool,
    /// True if browsers send the cookies only below the path of the public URL.
    pub(crate) below_path: bool,
}

/// The names of one cookie. Browsers accept the prefixes over TLS only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CookieNames {
    /// For cookies that browsers send over plain HTTP too.
    pub(crate) plain: &'static str,
    /// With the prefix `__Host-`: the cookie comes from the host itself and has the path
    /// `/`. So no sibling domain can plant one.
    pub(crate) host: &'static str,
    /// With the prefix `__Secure-`: the cookie may have another path.
    pub(crate) secure: &'static str,
}

impl CookieSettings {
    pub(crate) const fn same_site(self) -> SameSite {
        if self.is_cross_site() {
            SameSite::None
        } else {
            SameSite::Lax
        }
    }

    pub(crate) const fn name(self, names: CookieNames) -> &'static str {
        match (self.secure, self.below_path) {
            (false, _) => names.plain,
            (true, false) => names.host,
            (true, true) => names.secure,
        }
    }

    /// Returns true if the cookies reach pages of other sites. Each of those sites then has
    /// cookies of its own (`Partitioned`): browsers accept no others there.
    pub(crate) const fn is_cross_site(self) -> bool {
        self.secure && self.cross_site
    }
}
