use std::sync::Arc;

use super::VotifyRouter;
use crate::readiness::ReadinessCheck;

/// # Routes
impl VotifyRouter {
    /// Serves the web pages at `/` and `/p/{id}`. Defaults to true.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let api_only = router.pages(false);
    /// # let _ = api_only;
    /// # }
    /// ```
    #[cfg(feature = "ui")]
    #[must_use]
    pub fn pages(mut self, pages: bool) -> Self {
        self.config.pages = pages;
        self
    }

    /// Serves `/healthz`, `/readyz` and `/metrics`. Defaults to true.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let router = router.operations(false);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn operations(mut self, operations: bool) -> Self {
        self.config.operations = operations;
        self
    }

    /// Adds a component to `/readyz`.
    ///
    /// The store and the broadcaster are always listed, and the limiter if a rate is
    /// limited.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use async_trait::async_trait;
    /// use votify_axum::ReadinessCheck;
    ///
    /// #[derive(Debug)]
    /// struct MailCheck;
    ///
    /// #[async_trait]
    /// impl ReadinessCheck for MailCheck {
    ///     fn component(&self) -> &'static str {
    ///         "mail"
    ///     }
    ///
    ///     fn backend(&self) -> &'static str {
    ///         "smtp"
    ///     }
    ///
    ///     async fn is_ready(&self) -> bool {
    ///         true
    ///     }
    /// }
    ///
    /// let router = router.readiness_check(MailCheck);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn readiness_check(mut self, check: impl ReadinessCheck) -> Self {
        self.config.checks.push(Arc::new(check));
        self
    }

    /// Answers every unknown path with 404 `not_found`, not only those below `/api`.
    /// Defaults to false, because two routers that both have a fallback cannot be merged.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let alone: axum::Router = router.fallback(true).build();
    /// # let _ = alone;
    /// # }
    /// ```
    #[must_use]
    pub fn fallback(mut self, fallback: bool) -> Self {
        self.config.fallback = fallback;
        self
    }
}
