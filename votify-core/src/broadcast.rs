//! The seam for news between nodes.

mod error;
mod shared;
mod update;

pub use error::BroadcastError;
pub use update::{Delivery, NodeId, Update};

use std::fmt;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::id::PollId;

/// What a subscription is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// One poll.
    Poll(PollId),
}

/// News of a topic as they come in. Ends only when the broadcaster is gone.
pub type DeliveryStream = BoxStream<'static, Delivery>;

/// Carries news of polls to every node that watches them.
///
/// # Laws
///
/// - At most once: an update arrives once or not at all. Updates carry the whole state with a position, so receivers lose
///   nothing by a lost, doubled or reordered one.
/// - Live as soon as [`subscribe`](Self::subscribe) resolves: what is published afterwards is delivered.
/// - Topics are isolated, and the publisher's own subscriptions hear it too.
/// - A slow reader gets [`Delivery::Lagged`] in place of what it missed, and never blocks the publisher.
/// - After a lost connection the stream goes on by itself, with a [`Delivery::Lagged`] first.
/// - Dropping the stream unsubscribes.
#[async_trait]
pub trait Broadcaster: fmt::Debug + Send + Sync + 'static {
    /// A short name for logs and readiness: `local`, `postgres`.
    fn backend(&self) -> &'static str;

    /// Sends updates, each to its [`Update::topic`]. Returns once they are handed over, not once they arrive.
    ///
    /// # Errors
    /// If they could not be handed over; some of them may have been.
    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError>;

    /// Listens to a topic.
    ///
    /// # Errors
    /// If the subscription could not be made.
    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError>;
}
