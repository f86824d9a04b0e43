use votify_core::Visibility;

use super::VotifyRouter;

/// # Polls
impl VotifyRouter {
    /// Sets the visibility of polls that are created over HTTP without one. Defaults to
    /// [`Visibility::Unlisted`]. Polls by account or invite are unlisted in any case, unless
    /// their creator says otherwise.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_core::Visibility;
    ///
    /// let router = router.default_visibility(Visibility::Public);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn default_visibility(mut self, visibility: Visibility) -> Self {
        self.config.default_visibility = visibility;
        self
    }

    /// Sets whether everybody who can read a poll sees its `external_ref` and `metadata`.
    /// Defaults to false: only the owner does. Streams never contain them.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let router = router.show_host_fields(true);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn show_host_fields(mut self, show: bool) -> Self {
        self.config.shows_host_fields = show;
        self
    }
}
