use ipnet::IpNet;

use super::VotifyRouter;
use crate::extract::address::{ClientAddressHeader, canonical_network};
use crate::middleware::host::AllowedHost;
use crate::middleware::origin::Origin;
use crate::middleware::public_url::PublicUrl;

/// # Proxies and browsers
impl VotifyRouter {
    /// Sets the proxies whose [`client_address_header`](Self::client_address_header) is
    /// trusted. Defaults to none.
    ///
    /// IPv4-mapped networks mean the IPv4 network: `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
    /// Include only proxies: a client inside of these networks can claim any address.
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
        let proxies = proxies.into_iter().map(canonical_network);
        self.config.trusted_proxies = proxies.collect();
        self
    }

    /// Sets the header in which trusted proxies report the client's address. Defaults to
    /// `X-Forwarded-For`. Other headers are ignored.
    ///
    /// The header is read from right to left: the first address that is no trusted proxy
    /// is the client's. What the client itself sent in the header has no effect.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// let router = router
    ///     .trusted_proxies(["10.0.0.0/8".parse()?])
    ///     .client_address_header("x-real-ip".parse()?);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn client_address_header(mut self, header: ClientAddressHeader) -> Self {
        self.config.client_address_header = header;
        self
    }

    /// Sets the names under which this server answers, besides those it knows. Defaults to
    /// none.
    ///
    /// With this setting or a [`public_url`](Self::public_url), requests to other hosts
    /// are answered 421 `host_not_allowed`. Set one of them: otherwise any web page can
    /// act as a page of this server for its visitors, by DNS rebinding. The server always
    /// knows the hosts of the public URL and of the
    /// [`allowed_origins`](Self::allowed_origins), `localhost` and the names below it, and
    /// literal addresses. `/healthz`, `/readyz` and `/metrics` answer for every host.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), votify_axum::InvalidHost> {
    /// let router = router.allowed_hosts(["polls.example.org".parse()?]);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn allowed_hosts(mut self, hosts: impl IntoIterator<Item = AllowedHost>) -> Self {
        self.config.allowed_hosts = Some(hosts.into_iter().collect());
        self
    }

    /// Sets the URL under which browsers reach this server. Defaults to none.
    ///
    /// Pages of this origin may write and open WebSockets. Requests to other hosts are
    /// rejected, see [`allowed_hosts`](Self::allowed_hosts). With `https`, cookies are
    /// `Secure` and their names start with `__Host-`.
    ///
    /// A path in the URL is the prefix of all links, and the `Path` of cookies; with `https`
    /// their names then start with `__Secure-`. The router itself answers without the path:
    /// nest it below the path, or let a proxy remove the path.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), votify_axum::InvalidPublicUrl> {
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
    /// If the [`public_url`](Self::public_url) is `https`, cookies for these pages are
    /// `SameSite=None; Secure; Partitioned`: they work on other sites, and a browser is one
    /// voter per site. Over plain HTTP, browsers send cookies only from pages of the same site
    /// (other ports and subdomains). Cookies for this server's own pages stay
    /// `SameSite=Lax`.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
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

    /// Sets the origins whose pages may show the web pages in a frame. Defaults to none.
    ///
    /// If the [`public_url`](Self::public_url) is `https`, all cookies are then
    /// `SameSite=None; Secure; Partitioned`: a browser is one voter for each site that
    /// frames the pages, and another on the pages themselves. Over plain HTTP, framed pages
    /// get cookies only below pages of the same site.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// let router = router
    ///     .public_url("https://votes.example.org".parse()?)
    ///     .frame_ancestors(["https://www.example.org".parse()?]);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn frame_ancestors(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.config.frame_ancestors = origins.into_iter().collect();
        self
    }
}
