use ipnet::IpNet;

use super::VotifyRouter;
use crate::middleware::origin::{Origin, PublicUrl};

/// # Proxies and browsers
impl VotifyRouter {
    /// Sets the proxies whose `X-Forwarded-For` or `Forwarded` header is trusted.
    /// Defaults to none.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// let router = router.trusted_proxies(["10.0.0.0/8".parse()?, "::1/128".parse()?]);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = IpNet>) -> Self {
        self.config.trusted_proxies = proxies.into_iter().collect();
        self
    }

    /// Sets the URL under which browsers reach this server. Defaults to none.
    ///
    /// Pages of this origin may write and open WebSockets. With `https`, cookies are
    /// `Secure` and their names start with `__Host-`. A path in the URL is the prefix of
    /// all links.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), votify_axum::InvalidOrigin> {
    /// let router = router.public_url("https://example.org/polls".parse()?);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn public_url(mut self, url: PublicUrl) -> Self {
        self.config.public_url = Some(url);
        self
    }

    /// Sets the other origins whose pages may call the API from browsers, with cookies.
    /// Defaults to none.
    ///
    /// Pages of another *site* get cookies only if the [`public_url`](Self::public_url)
    /// is `https`: cookies are then `SameSite=None`. Over plain HTTP, browsers send
    /// cookies only to pages of the same site (other ports and subdomains).
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), votify_axum::InvalidOrigin> {
    /// let router = router
    ///     .public_url("https://votes.example.org".parse()?)
    ///     .allowed_origins(["https://www.example.org".parse()?]);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.config.allowed_origins = origins.into_iter().collect();
        self
    }
}
