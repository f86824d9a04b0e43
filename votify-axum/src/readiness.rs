//! What else a host's polls lean on, besides the engine's own parts.

use std::fmt;

use async_trait::async_trait;

/// A part that `/readyz` names: one that the host put together with the engine, such as a cache in front of its store.
#[async_trait]
pub trait ReadinessCheck: fmt::Debug + Send + Sync + 'static {
    /// What it does, in one word: `cache`.
    fn part(&self) -> &'static str;

    /// What does it, in one word: `redis`.
    fn backend(&self) -> &'static str;

    /// Whether votes are taken only with it. If not, its absence is told, and the program is ready all the same.
    fn is_needed(&self) -> bool {
        false
    }

    /// Whether it answers. Waited for half a second; later is no.
    async fn is_ready(&self) -> bool;
}
