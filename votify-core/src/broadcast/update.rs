use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::broadcast::Topic;
use crate::id::{OptionId, PollId};
use crate::poll::Poll;
use crate::tally::Tally;

/// The id of an engine among those that share a store. Every start generates another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Uuid", into = "Uuid")]
pub struct InstanceId(pub u128);

// Serialized as a UUID, because JSON and other formats have no 128-bit numbers.
impl From<Uuid> for InstanceId {
    fn from(id: Uuid) -> Self {
        Self(id.as_u128())
    }
}

impl From<InstanceId> for Uuid {
    fn from(id: InstanceId) -> Self {
        Self::from_u128(id.0)
    }
}

/// An update of a poll. Carries absolute state, never a difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Update {
    /// The counts of a poll changed.
    TallyChanged {
        /// The newest tally.
        tally: Tally,
        /// The options of votes with one option since the last update: at most 32.
        #[serde(rename = "votes")]
        vote_sample: Vec<OptionId>,
    },
    /// A poll was edited, opened or sealed.
    DefinitionChanged {
        /// The new definition.
        poll: Box<Poll>,
        /// The tally at the same position.
        tally: Tally,
    },
    /// A poll was deleted.
    Deleted {
        /// The poll.
        poll: PollId,
    },
    /// The number of viewers that an instance has on a poll. Expires if it is not
    /// repeated.
    Viewers {
        /// The poll.
        poll: PollId,
        /// The instance.
        instance: InstanceId,
        /// The number of viewers. 0 after the last one left.
        viewers: u32,
    },
}

impl Update {
    /// Returns the topic to publish this update to.
    #[must_use]
    pub fn topic(&self) -> Topic {
        Topic::Poll(self.poll())
    }

    /// Returns the poll of this update.
    #[must_use]
    pub fn poll(&self) -> PollId {
        match self {
            Self::TallyChanged { tally, .. } | Self::DefinitionChanged { tally, .. } => tally.poll,
            Self::Deleted { poll } | Self::Viewers { poll, .. } => *poll,
        }
    }
}

/// An item of a subscription.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// An update.
    Update(Arc<Update>),
    /// Some updates were lost; the receiver must reload the state.
    Lagged,
}
