use std::sync::Arc;

use votify_core::engine::AggregatorMetrics;

use super::{RouteGroup, VotifyRouter};
use crate::readiness::ReadinessCheck;

/// # Routes
impl VotifyRouter {
    /// Leaves groups of routes out. Requests to them are answered 404, or 405 if another
    /// group has the same path. Defaults to none.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_axum::RouteGroup;
    ///
    /// let without_lists = router.without([RouteGroup::Lists, RouteGroup::Operations]);
    /// # let _ = without_lists;
    /// # }
    /// ```
    #[must_use]
    pub fn without(mut self, groups: impl IntoIterator<Item = RouteGroup>) -> Self {
        self.config.left_out.extend(groups);
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

    /// Adds the metrics of an aggregator in this process to `/metrics`. Defaults to none.
    ///
    /// ```
    /// use votify_axum::VotifyRouter;
    /// use votify_core::engine::Aggregator;
    /// use votify_core::{MemoryQueue, MemoryStore, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let queue = MemoryQueue::new();
    /// let engine = PollEngine::builder(MemoryStore::new()).queue(queue.clone()).build();
    /// let aggregator = Aggregator::new(&engine, queue.consumer("votify"));
    /// let router = VotifyRouter::new(engine).aggregator(aggregator.metrics());
    /// tokio::spawn(aggregator.run());
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn aggregator(mut self, metrics: AggregatorMetrics) -> Self {
        self.config.aggregator = Some(metrics);
        self
    }

    /// Sets title, logo, colors, footer and CSS of the web pages. Defaults to the look of
    /// Votify.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_axum::Theme;
    ///
    /// let router = router.theme(Theme::new().title("Student council"));
    /// # let _ = router;
    /// # }
    /// ```
    #[cfg(feature = "ui")]
    #[must_use]
    pub fn theme(mut self, theme: crate::ui::Theme) -> Self {
        self.config.theme = Some(Arc::new(theme));
        self
    }

    /// Answers every unknown path with 404 `not_found`, not only those below `/api`.
    /// A browser gets a page, if the pages are served. Defaults to false, because two
    /// routers that both have a fallback cannot be merged.
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
