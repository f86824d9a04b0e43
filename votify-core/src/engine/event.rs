use std::sync::Arc;

use crate::ballot::Outcome;
use crate::id::{BallotId, PollId};
use crate::poll::Poll;
use crate::tally::TallyView;

/// Something that happened through this engine. Counts come as everybody may see them.
///
/// Events are told once, to whoever listens at that moment ([`PollEngine::events`](crate::PollEngine::events)); they are
/// news, not a log. What happens through another engine on the same store is told there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A poll was made.
    PollCreated {
        /// The new poll.
        poll: Arc<Poll>,
    },
    /// A poll's `opens_at` has come.
    PollOpened {
        /// The poll.
        poll: Arc<Poll>,
    },
    /// A poll was edited.
    PollChanged {
        /// The poll as it is now.
        poll: Arc<Poll>,
    },
    /// A poll was sealed.
    PollClosed {
        /// The poll.
        poll: Arc<Poll>,
        /// Its final result.
        result: TallyView,
    },
    /// A poll was deleted.
    PollDeleted {
        /// Which one.
        poll: PollId,
    },
    /// A ballot was counted, replaced or withdrawn.
    BallotCast {
        /// In which poll.
        poll: PollId,
        /// Which ballot.
        ballot: BallotId,
        /// What became of it; always one that [is effective](Outcome::changed_tally), and with revision 0 where counts
        /// are hidden.
        outcome: Outcome,
        /// The counts after the batch that it came in.
        view: TallyView,
    },
}
