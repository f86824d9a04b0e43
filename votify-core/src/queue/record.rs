use crate::ballot::Ballot;
use crate::id::PollId;
use crate::poll::SealCause;
use crate::time::Timestamp;

/// A ballot on its way into a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BallotRecord {
    /// The ballot. Its [`accepted`](Ballot::accepted) is `None`: the queue sets it when it
    /// delivers the ballot.
    pub ballot: Ballot,
    /// The time of acceptance, as of which the ballot is decided.
    pub accepted_at: Timestamp,
}

/// The record that closes a poll. It is behind every ballot of the poll that was
/// acknowledged in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseMarker {
    /// The poll.
    pub poll: PollId,
    /// The reason.
    pub cause: SealCause,
    /// The poll's `closes_at` when the marker was written. A later one makes a marker with
    /// the cause [`Deadline`](SealCause::Deadline) void.
    pub closes_at: Option<Timestamp>,
    /// The time at which the marker was written.
    pub at: Timestamp,
}

impl CloseMarker {
    /// Returns the time to seal the poll at: for a deadline its `closes_at`, so that no
    /// poll is sealed whose `closes_at` was moved since.
    #[must_use]
    pub fn seals_at(&self) -> Timestamp {
        match (self.cause, self.closes_at) {
            (SealCause::Deadline, Some(closes_at)) => closes_at,
            _ => self.at,
        }
    }
}

/// A record of a queue, as it is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueRecord {
    /// A ballot, with its time of acceptance and log position in
    /// [`accepted`](Ballot::accepted).
    Ballot(Ballot),
    /// The close of a poll.
    Close(CloseMarker),
}

impl QueueRecord {
    /// Returns the poll of the record.
    #[must_use]
    pub const fn poll(&self) -> PollId {
        match self {
            Self::Ballot(ballot) => ballot.poll,
            Self::Close(marker) => marker.poll,
        }
    }
}
