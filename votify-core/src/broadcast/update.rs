use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::broadcast::Topic;
use crate::id::{OptionId, PollId};
use crate::poll::Poll;
use crate::tally::Tally;

/// One engine among those that share a store; made anew at every start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Uuid", into = "Uuid")]
pub struct NodeId(pub u128);

// Written as a UUID is: numbers of this size do not pass through every format, JSON among them.
impl From<Uuid> for NodeId {
    fn from(id: Uuid) -> Self {
        Self(id.as_u128())
    }
}

impl From<NodeId> for Uuid {
    fn from(id: NodeId) -> Self {
        Self::from_u128(id.0)
    }
}

/// One piece of news. Each carries absolute state, never a delta.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Update {
    /// The counts of a poll.
    TallyChanged {
        /// The newest tally.
        tally: Tally,
        /// The options of some of the single votes since the last update; a sample if there were many.
        votes: Vec<OptionId>,
    },
    /// A poll was edited, opened or sealed.
    PollChanged {
        /// The new definition.
        poll: Box<Poll>,
        /// The tally of the same position.
        tally: Tally,
    },
    /// A poll is gone.
    Deleted {
        /// Which one.
        poll: PollId,
    },
    /// How many viewers a node has on a poll. Forgotten when it is not repeated.
    Viewers {
        /// Which poll.
        poll: PollId,
        /// Which node.
        node: NodeId,
        /// How many; 0 when the last one left.
        viewers: u32,
    },
}

impl Update {
    /// Whom it concerns.
    #[must_use]
    pub fn topic(&self) -> Topic {
        Topic::Poll(self.poll())
    }

    /// The poll that it is about.
    #[must_use]
    pub fn poll(&self) -> PollId {
        match self {
            Self::TallyChanged { tally, .. } | Self::PollChanged { tally, .. } => tally.poll,
            Self::Deleted { poll } | Self::Viewers { poll, .. } => *poll,
        }
    }
}

/// What a subscriber gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// An update.
    Update(Arc<Update>),
    /// Some updates were lost: read the state anew.
    Lagged,
}
