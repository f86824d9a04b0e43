use std::fmt;

use async_trait::async_trait;

/// A component of the host that `/readyz` reports, such as a cache in front of its store.
///
/// ```
/// use async_trait::async_trait;
/// use votify_axum::ReadinessCheck;
///
/// #[derive(Debug)]
/// struct CacheCheck;
///
/// #[async_trait]
/// impl ReadinessCheck for CacheCheck {
///     fn component(&self) -> &'static str {
///         "cache"
///     }
///
///     fn backend(&self) -> &'static str {
///         "redis"
///     }
///
///     async fn is_ready(&self) -> bool {
///         true // For example the result of a ping.
///     }
/// }
/// ```
#[async_trait]
pub trait ReadinessCheck: fmt::Debug + Send + Sync + 'static {
    /// Returns the role of the component in one word, such as `cache`.
    fn component(&self) -> &'static str;

    /// Returns the technology of the component in one word, such as `redis`.
    fn backend(&self) -> &'static str;

    /// Returns true if votes need the component: `/readyz` then answers 503 while the
    /// component is not ready. Defaults to false.
    fn is_required(&self) -> bool {
        false
    }

    /// Returns true if the component responds. A check that takes longer than 500 ms
    /// counts as not ready.
    async fn is_ready(&self) -> bool;
}
