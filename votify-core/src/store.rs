//! The seam for databases: what a store does, and the laws it keeps.

mod audit;
mod durability;
mod error;
mod filter;
mod invites;
mod outcome;
mod page;
mod shared;

pub use audit::Audit;
pub use durability::Durability;
pub use error::{Source, StoreError};
pub use filter::{PollFilter, PollOrder};
pub use invites::{InviteOutcome, InviteStore};
pub use outcome::{ChangeOutcome, SealOutcome};
pub use page::{Page, PageError, PageRequest};

use std::fmt;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::id::PollId;
use crate::poll::{Poll, PollChange, SealCause};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// Keeps polls and ballots, and makes "read, decide, write" atomic.
///
/// A store holds no voting rule and reads no clock: it locks a poll, reads it, asks core's pure functions
/// ([`BatchEvaluator`](crate::backend::BatchEvaluator), [`PollState`](crate::poll::PollState)), and writes what they say in the same
/// transaction. `docs/writing-a-backend.md` walks through one; `votify_core::conformance` tests one.
///
/// # Laws
///
/// **Casting**
///
/// 1. [`cast_ballots`](Self::cast_ballots) answers one outcome per ballot, in order. An empty batch gives an empty receipt.
/// 2. *The master law.* Each poll's part of a batch equals casting its ballots one at a time in order, duplicates inside
///    the batch included, and is atomic by itself. Parts are independent: one that fails takes no other with it.
/// 3. An `Err` leaves no trace of that part, except [`StoreError::Unavailable`], where the commit may have happened;
///    replaying the same ballots settles it.
/// 4. A refusal leaves no trace: not on the tally, the position, or the voter's right to vote later. It is not
///    remembered: the same ballot is decided afresh when it comes again.
/// 5. At most one ballot stands per poll and voter, under any concurrency, across processes.
/// 6. A tally is exactly the fold of the standing ballots; `total_votes` is their number.
/// 7. A poll's revision grows by one with every effective change (a ballot counted, replaced or withdrawn, an edit, the
///    seal), never otherwise, and is never reused. Same position, same poll and tally. The `version` grows with edits and
///    the seal only.
/// 8. A ballot's id belongs to its poll and voter. An accepted ballot that comes again (same id, same choice) is
///    [`Replayed`](crate::ballot::Outcome::Replayed) with the revision that it had, also after closing, also when it was
///    replaced or withdrawn since, and never brings it back; the same id with another choice is refused.
/// 9. The receipt's tallies are those of the same transaction.
/// 10. Overlapping batches in opposite poll order do not deadlock (locks are taken in ascending id); a transient conflict
///     is retried inside, with bounds and jitter: the caller never sees one.
/// 11. In a poll with an [`AddressQuota`](crate::poll::AddressQuota) never more ballots stand from one address than it allows, under
///     any concurrency, across processes. A ballot's place is where it was first counted; one that takes its place keeps it,
///     and a withdrawal frees it.
///
/// **Closing.** A ballot is counted only if `opens_at <= now < closes_at` and the poll is not sealed, decided under the
/// poll's lock. After [`seal_poll`](Self::seal_poll) returned a tally no ballot is ever added and nothing but deletion
/// changes the poll; all callers get the same tally.
///
/// **History.** What was acknowledged is durable, to the store's stated guarantee. Every ballot was sent by someone. A
/// call whose answer was lost counts 0 or 1 times, and never flips once seen.
///
/// **Equivalence.** One sequence of operations gives the same results and the same kinds of refusal on every store.
///
/// Every method is cancel safe in this sense: a call that is dropped happened entirely or not at all.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// A short name for logs and readiness: `memory`, `sqlite`.
    fn backend(&self) -> &'static str;

    /// Returns the store's invitations, or `None` if it does not support them.
    ///
    /// Invitations belong to the store of the polls, because deleting a poll deletes its
    /// invitations too. A layer returns those of the store that it wraps.
    fn invites(&self) -> Option<&dyn InviteStore>;

    /// Keeps a new poll, with an empty tally at [`Position::START`](crate::tally::Position::START).
    ///
    /// # Errors
    /// [`StoreError::PollExists`] if the id is taken, or a failure.
    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError>;

    /// The polls of these ids, in their order, `None` for those that do not exist.
    ///
    /// # Errors
    /// A failure.
    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError>;

    /// One page of the polls that `filter` lets through, in its order; `now` tells their status.
    ///
    /// The order is total, so pages do not overlap while nothing changes.
    ///
    /// # Errors
    /// A failure.
    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError>;

    /// Changes a poll as [`PollState::changed`](crate::poll::PollState::changed) says, under its lock.
    ///
    /// # Errors
    /// [`StoreError::PollNotFound`], or a failure. A refusal is no error but a [`ChangeOutcome::Refused`].
    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError>;

    /// Seals a poll as [`PollState::sealed`](crate::poll::PollState::sealed) says, under the lock that casting takes.
    ///
    /// SealOutcome what is sealed answers the same final tally again.
    ///
    /// # Errors
    /// [`StoreError::PollNotFound`], or a failure.
    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError>;

    /// Deletes a poll with its ballots.
    ///
    /// # Errors
    /// [`StoreError::PollNotFound`], or a failure.
    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError>;

    /// Casts a batch that may span polls; see the laws of casting.
    ///
    /// It cannot fail as a whole: each outcome says for itself.
    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt;

    /// The standing ballots of these voters, in their order; `None` for those who have none.
    ///
    /// # Errors
    /// A failure. A poll that does not exist has no ballots.
    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError>;

    /// The tallies of these polls, in their order, each at one position; `None` for those that do not exist.
    ///
    /// # Errors
    /// A failure.
    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError>;

    /// The standing ballots of a poll in the order of their revisions, never all in memory at once.
    ///
    /// A ballot that is cast, replaced or withdrawn meanwhile may or may not be among them; no voter is twice. A poll that
    /// does not exist has no ballots.
    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>>;

    /// The kept tally of a poll beside a recount of its ballots, both from one snapshot.
    ///
    /// # Errors
    /// [`StoreError::PollNotFound`], or a failure.
    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError>;

    /// Recounts a poll under its lock and keeps that tally, under the next epoch.
    ///
    /// # Errors
    /// [`StoreError::PollNotFound`], or a failure.
    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError>;
}
