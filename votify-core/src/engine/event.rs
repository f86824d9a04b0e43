use std::sync::Arc;

use crate::engine::VoteOutcome;
use crate::id::{BallotId, PollId};
use crate::poll::Poll;
use crate::tally::TallyView;

/// A change that was made through this engine. Counts are those that the public sees.
///
/// [`PollEngine::events`](crate::PollEngine::events) returns a receiver. An event is sent
/// once, to the receivers that exist at that moment; events are not a log. Another engine
/// on the same store sends the events of its own changes.
///
/// ```
/// use votify_core::{Event, MemoryStore, PollDraft, PollEngine};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = PollEngine::new(MemoryStore::new());
/// let mut events = engine.events();
/// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
/// engine.create_poll(draft).await?;
///
/// match events.recv().await? {
///     Event::PollCreated { poll } => println!("created: {}", poll.title),
///     Event::BallotCast { view, .. } => println!("votes: {:?}", view.total_votes()),
///     _ => {}
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A poll was created.
    PollCreated {
        /// The new poll.
        poll: Arc<Poll>,
    },
    /// A poll's `opens_at` has passed.
    PollOpened {
        /// The poll.
        poll: Arc<Poll>,
    },
    /// A poll was edited.
    PollEdited {
        /// The poll after the edit.
        poll: Arc<Poll>,
    },
    /// A poll was sealed.
    PollClosed {
        /// The poll.
        poll: Arc<Poll>,
        /// The final result.
        result: TallyView,
    },
    /// A poll was deleted.
    PollDeleted {
        /// The id of the poll.
        poll: PollId,
    },
    /// A ballot was counted, replaced or withdrawn.
    BallotCast {
        /// The id of the poll.
        poll: PollId,
        /// The id of the ballot.
        ballot: BallotId,
        /// The effect of the ballot; never [`Replayed`](VoteOutcome::Replayed). The
        /// revision is 0 if the counts are hidden.
        outcome: VoteOutcome,
        /// The counts after the batch that contained the ballot.
        view: TallyView,
    },
}
