//! Updates between instances: the broadcaster trait and its messages.

mod error;
mod update;

pub use error::BroadcastError;
pub use update::{Delivery, InstanceId, Update};

use std::fmt;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::id::PollId;

/// The topic of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// The updates of one poll.
    Poll(PollId),
}

/// The deliveries of a subscription. Ends only when the broadcaster is closed.
pub type DeliveryStream = BoxStream<'static, Delivery>;

/// A transport that carries updates of polls to every subscribed instance.
///
/// # Laws
///
/// - At most once: an update is delivered once or not at all. Publishers, not the
///   broadcaster, may send the same state twice. Updates carry the whole state with a
///   position, so lost, repeated or reordered updates do no harm.
/// - Active on return: a subscription delivers every update published after
///   [`subscribe`](Self::subscribe) has returned.
/// - Topics are isolated. The publisher's own subscriptions receive its updates too.
/// - A slow subscription gets [`Delivery::Lagged`] in place of lost updates. It never
///   blocks the publisher.
/// - After a lost connection the stream continues by itself, with [`Delivery::Lagged`]
///   first.
/// - Dropping the stream unsubscribes.
#[async_trait]
pub trait Broadcaster: fmt::Debug + Send + Sync + 'static {
    /// Returns a short name for logs and readiness, such as `local` or `postgres`.
    fn backend(&self) -> &'static str;

    /// Publishes updates, each to its [`Update::topic`]. Returns once the transport has
    /// accepted them, before their delivery.
    ///
    /// # Errors
    /// In each case some updates may have been published; the caller may ignore the
    /// error, because a later update replaces a lost one.
    ///
    /// - [`BroadcastError::Unavailable`]: the transport cannot be reached; retry.
    /// - [`BroadcastError::Failed`]: the transport rejected the call.
    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError>;

    /// Subscribes to a topic.
    ///
    /// # Errors
    /// - [`BroadcastError::Unavailable`]: the transport cannot be reached; retry.
    /// - [`BroadcastError::Failed`]: the transport rejected the call.
    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError>;
}
