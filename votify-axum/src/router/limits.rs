use std::sync::Arc;

use votify_core::{Rate, RateLimiter};

use super::VotifyRouter;
use crate::config::StreamTiming;

/// # Limits and timers
impl VotifyRouter {
    /// Limits attempts to vote: per session, or per address for callers without one.
    /// `None` is no limit. Defaults to 10 in 60 s.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_core::Rate;
    ///
    /// let router = router.vote_rate(Rate::per_minute(30));
    /// let unlimited = router.vote_rate(None);
    /// # let _ = unlimited;
    /// # }
    /// ```
    #[must_use]
    pub fn vote_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.vote_rate = rate.into();
        self
    }

    /// Limits new sessions per address. `None` is no limit. Defaults to 1 000 in 60 s.
    ///
    /// A session that reading a poll or a page started counts when its cookie comes back for
    /// a stream, a vote, an invite code or a new poll. A page that is opened with an invite
    /// code counts it at once. Without this limit, invite codes that are tried by opening
    /// pages without cookies are not limited.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_core::Rate;
    ///
    /// let router = router.session_rate(Rate::per_minute(100));
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn session_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.session_rate = rate.into();
        self
    }

    /// Limits the wrong join codes of one address (IPv6: of one /64). Right codes do not
    /// count, but an address that has reached the limit finds no poll by its code either.
    /// `None` is no limit. Defaults to 100 in 600 s.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// use votify_core::Rate;
    ///
    /// let router = router.join_rate("1000/10m".parse::<Rate>()?);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn join_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.join_rate = rate.into();
        self
    }

    /// Sets the backend that counts attempts. Defaults to a
    /// [`MemoryRateLimiter`](votify_core::MemoryRateLimiter), which counts in this
    /// process, with the engine's clock.
    ///
    /// While the limiter is unavailable, this process counts new polls and invites by
    /// itself, and other requests are not limited.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_core::MemoryRateLimiter;
    ///
    /// let router = router.limiter(MemoryRateLimiter::new());
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn limiter(mut self, limiter: impl RateLimiter) -> Self {
        self.config.limiter = Some(Arc::new(limiter));
        self
    }

    /// Limits the streams that one address holds at the same time. `None` is no limit.
    /// Defaults to 1 000.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let router = router.streams_per_address(200);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn streams_per_address(mut self, max: impl Into<Option<u32>>) -> Self {
        self.config.streams_per_address = max.into();
        self
    }

    /// Limits the bytes of large responses, of all clients, that clients have not
    /// received yet. `None` is no limit. Defaults to 64 MiB; less than 2 MiB is raised to
    /// 2 MiB.
    ///
    /// A response of more than 8 KiB counts until its last byte was sent or the
    /// connection ended. Streams, and what all clients share in memory (the web pages'
    /// files, the OpenAPI document), do not count. A page of a list counts once for all
    /// requests that share it. Further reads, and changes that have large responses, are
    /// answered 503 `overloaded`. Votes are never rejected.
    ///
    /// A client that reads nothing holds its share until its connection ends. So the
    /// host's server should close connections that do not accept a response: axum's
    /// [`serve`](fn@axum::serve) does not, `votify serve` does so after 20 s.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let router = router.response_memory(256 << 20);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn response_memory(mut self, max_bytes: impl Into<Option<usize>>) -> Self {
        self.config.response_memory = max_bytes.into();
        self
    }

    /// Limits the bytes of large responses that the clients of one address (IPv6: one /64
    /// block) have not received yet. `None` is no limit. Defaults to 8 MiB; less than
    /// 2 MiB is raised to 2 MiB.
    ///
    /// Counts what [`response_memory`](Self::response_memory) counts. A page of a list
    /// counts once per address. Further requests are answered 429 `rate_limited`.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let router = router.response_memory_per_address(32 << 20);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn response_memory_per_address(mut self, max_bytes: impl Into<Option<usize>>) -> Self {
        self.config.response_memory_per_address = max_bytes.into();
        self
    }

    /// Sets the timers of streams. Durations below 1 ms are raised to 1 ms.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use std::time::Duration;
    /// use votify_axum::StreamTiming;
    ///
    /// let router = router.stream_timing(StreamTiming {
    ///     ping_interval: Duration::from_secs(10),
    ///     ..StreamTiming::default()
    /// });
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn stream_timing(mut self, timing: StreamTiming) -> Self {
        self.config.timing = timing.normalized();
        self
    }
}
