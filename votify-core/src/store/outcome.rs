use crate::poll::{ChangeRefusal, PollState};
use crate::tally::Tally;

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeOutcome {
    /// The poll is like this now.
    Changed(Box<PollState>),
    /// Nothing differs; the poll is, and was, like this.
    Unchanged(Box<PollState>),
    /// The change was refused, and nothing happened.
    Refused(ChangeRefusal),
}

/// What became of a seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealOutcome {
    /// The poll is sealed, now or since long: this is its final tally.
    Sealed(Tally),
    /// Its `closes_at` has not passed; nothing happened.
    NotDue,
}
