use votify_core::Rate;

use super::VotifyRouter;

/// # Limits of creating
///
/// These limits keep one client from filling the store. Beyond a limit, a request is
/// answered 429 `rate_limited` with `Retry-After`, and the `detail` names the setting. A
/// refused request does not count toward the other limits, and an invalid poll counts
/// toward none.
///
/// The [`limiter`](Self::limiter) counts. While it is unavailable, this process counts by
/// itself.
impl VotifyRouter {
    /// Limits the polls created from one address (IPv6: from one /64). `None` is no
    /// limit. Defaults to 60 in an hour.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// use votify_core::Rate;
    ///
    /// let router = router.poll_rate("600/1h".parse::<Rate>()?);
    /// let unlimited = router.poll_rate(None);
    /// # let _ = unlimited;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn poll_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.creation.poll_rate = rate.into();
        self
    }

    /// Limits the bytes of the texts of new polls from one address (IPv6: from one /64),
    /// and of the new texts of edited polls. `None` is no limit. Defaults to 2 MiB in an
    /// hour.
    ///
    /// The bytes are those of [`Poll::text_bytes`](votify_core::Poll::text_bytes) and
    /// [`Poll::changed_text_bytes`](votify_core::Poll::changed_text_bytes). A poll that
    /// is larger than the limit is always refused; the largest has about 140 KiB.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// use votify_core::Rate;
    ///
    /// let router = router.poll_bytes_rate("10000000/1h".parse::<Rate>()?);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn poll_bytes_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.creation.poll_bytes_rate = rate.into();
        self
    }

    /// Limits the polls created by one owner, an account or a browser session. `None` is
    /// no limit. Defaults to 200 in 24 hours.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// use votify_core::Rate;
    ///
    /// let router = router.owner_poll_rate("1000/1d".parse::<Rate>()?);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn owner_poll_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.creation.owner_poll_rate = rate.into();
        self
    }

    /// Limits the invite codes created from one address (IPv6: from one /64). `None` is
    /// no limit. Defaults to 40 000 in 24 hours.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// use votify_core::Rate;
    ///
    /// let router = router.invite_rate("100000/1d".parse::<Rate>()?);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn invite_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.creation.invite_rate = rate.into();
        self
    }

    /// Limits the invite codes created for the polls of one owner. `None` is no limit.
    /// Defaults to 20 000 in 24 hours.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// use votify_core::Rate;
    ///
    /// let router = router.owner_invite_rate("50000/1d".parse::<Rate>()?);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn owner_invite_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.creation.owner_invite_rate = rate.into();
        self
    }

    /// Limits the number of polls that all browser sessions own together. `None` is no
    /// limit. Defaults to 100 000 polls.
    ///
    /// At the maximum, new polls of browser sessions are refused; no poll is deleted.
    /// Polls of accounts and of the host are neither counted nor refused. Concurrent
    /// creations, and other processes on the same store within 5 s, may exceed the
    /// maximum. Existing polls are counted at most every 5 s.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let router = router.session_polls(1_000_000);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn session_polls(mut self, max: impl Into<Option<u64>>) -> Self {
        self.config.creation.session_polls = max.into();
        self
    }
}
