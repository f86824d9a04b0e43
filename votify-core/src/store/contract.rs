use std::fmt;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::{
    Audit, ChangeOutcome, InviteStore, Page, PageRequest, PollCount, PollFilter, SealOutcome,
    StoreError,
};
use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::id::{BallotId, PollId};
use crate::poll::{JoinCode, Poll, PollChange, PollState, SealCause};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::{OwnerId, VoterId};

/// A database for polls and ballots that makes "read, decide, write" atomic.
///
/// A store contains no voting rule, and gets the time as an argument. It reads a poll,
/// calls core's pure functions ([`BatchEvaluator`](crate::backend::BatchEvaluator),
/// [`PollState`]), and writes their result atomically. It locks
/// the poll before it reads, or writes only if the poll is unchanged since. The [module
/// documentation](crate::store) shows a complete small store. The feature `conformance`
/// adds tests for all laws.
///
/// # Laws
///
/// **Casting**
///
/// 1. [`cast_ballots`](Self::cast_ballots) returns one outcome per ballot, in order. An
///    empty batch returns an empty receipt.
/// 2. *Batch equivalence.* The ballots of each poll in a batch have the same result as if
///    cast one at a time in order, including duplicates inside the batch. They are
///    written atomically. Polls are independent: a failure of one poll does not affect
///    another.
/// 3. An `Err` means that nothing was written for that poll. The exception is
///    [`StoreError::Unavailable`]: the commit may have happened, and casting the same
///    ballots again settles it.
/// 4. A refusal changes nothing: not the tally, not the position, not the voter's right
///    to vote later. It is not stored: the same ballot is decided again when it is cast
///    again.
/// 5. At most one ballot is active per poll and voter, under any concurrency, across
///    processes.
/// 6. A tally is exactly the fold of the active ballots; `total_votes` is their number.
/// 7. A poll's revision grows by one with every effective change: a ballot counted,
///    replaced or withdrawn, an edit, or the seal. It never grows otherwise and is never
///    reused. The same position means the same poll and tally. The `version` grows with
///    edits and the seal only.
/// 8. A ballot id belongs to its poll and voter. An accepted ballot that is cast again
///    (same id, same choice) is [`Replayed`](crate::ballot::Outcome::Replayed) with its
///    original revision. This holds even after closing and after a replacement or
///    withdrawal, and never reactivates the ballot. The same id with another choice is
///    refused.
/// 9. The receipt's tallies are those of the same transaction.
/// 10. Overlapping batches in opposite poll order do not deadlock: locks are taken in
///     ascending order of poll ids. The store retries transient conflicts itself, with
///     bounds and jitter; the caller never sees one.
/// 11. In a poll with an [`AddressQuota`](crate::poll::AddressQuota), the active ballots
///     from one address never exceed the quota, under any concurrency, across processes.
///     A ballot uses a quota slot of the address it was first counted from. A replacement
///     keeps the quota slot; a withdrawal releases it.
/// 12. A ballot from a queue ([`Ballot::accepted`]) is decided as of the time of its
///     acceptance, any other ballot as of `now`.
/// 13. A queue may deliver a ballot again. A ballot whose log position is not above its
///     poll's [`log_position`](crate::poll::PollState::log_position) is not decided again:
///     it is [`Replayed`](crate::ballot::Outcome::Replayed), or refused with
///     [`RefusedBefore`](crate::ballot::Refusal::RefusedBefore). The highest decided log
///     position is part of the poll's state, and written in the same transaction as the
///     ballots, even if all of them are refused. That is the only trace of a refusal.
///
/// **Opening and closing.** When a ballot is written, it is counted only if the poll is
/// not sealed, `now < closes_at`, and `opens_at <= now` or a ballot was counted before. Here
/// `now` is the time of acceptance of a ballot from a queue (law 12). Either bound may be absent. Once a ballot was counted, the poll is never scheduled
/// again, even if a clock goes back. Filters by status follow the same rule. After
/// [`seal_polls`](Self::seal_polls) has returned a tally, no ballot is ever added, and
/// only a repair or a deletion changes the poll. Until then, every call returns the same
/// tally.
///
/// **History.** An acknowledged write is durable, to the store's stated
/// [`Durability`](super::Durability). The history contains only ballots that were cast. A
/// call whose response was lost counts zero or one times, and never changes after it was
/// observed.
///
/// **Equivalence.** One sequence of operations has the same results and the same kinds of
/// refusal on every store.
///
/// Every method is cancel safe: a dropped call happened entirely or not at all.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Returns a short name for logs and readiness, such as `memory` or `sqlite`.
    fn backend(&self) -> &'static str;

    /// Returns the store of invites, or `None` if this store does not support them.
    ///
    /// Invites belong to the store of the polls, because deleting a poll deletes its
    /// invites too. A layer returns the store of invites of the store that it wraps.
    fn invites(&self) -> Option<&dyn InviteStore>;

    /// Stores a new poll, with an empty tally at
    /// [`Position::START`](crate::tally::Position::START).
    ///
    /// # Errors
    /// - [`StoreError::PollExists`]: the id is taken; generate another one.
    /// - [`StoreError::JoinCodeTaken`]: another poll still has the join code at this
    ///   poll's `created_at`; generate another one. Nothing was written.
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retrying is safe. A
    ///   retry may return `PollExists` if the first call was committed.
    /// - [`StoreError::Failed`]: the database rejected the call; nothing was written.
    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError>;

    /// Returns the polls with these ids, in their order, `None` for those that do not
    /// exist.
    ///
    /// [`StoreExt::poll`](super::StoreExt::poll) returns one.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Corrupt`]: a stored poll cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError>;

    /// Returns one page of the polls that match `filter`, in its order. Their status
    /// depends on `now`.
    ///
    /// The order is total. Pages by number do not overlap while nothing changes. Pages by
    /// cursor neither repeat nor skip a poll while others are created or deleted.
    ///
    /// Each state is one snapshot. A poll that cannot be read is left out.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Corrupt`]: a stored poll cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError>;

    /// Counts the polls that match `filter`, up to
    /// [`PollCount::MAX`](super::PollCount::MAX).
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn count_polls(
        &self,
        filter: &PollFilter,
        now: Timestamp,
    ) -> Result<PollCount, StoreError>;

    /// Counts the polls whose [owner](crate::poll::PollOwner) is a browser session, up to
    /// `max`.
    ///
    /// A store that derives its lists may count changes up to 2 s late.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError>;

    /// Returns the poll that has this join code at `now`. `None` if no poll ever had it,
    /// if it [expired](Poll::join_code_expires_at), or if its last poll was deleted.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Corrupt`]: a stored poll cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn poll_by_join_code(
        &self,
        code: &JoinCode,
        now: Timestamp,
    ) -> Result<Option<PollId>, StoreError>;

    /// Changes a poll with
    /// [`PollState::apply_change`](crate::poll::PollState::apply_change), under its lock.
    ///
    /// A refusal is not an error but [`ChangeOutcome::Refused`].
    ///
    /// # Errors
    /// - [`StoreError::PollNotFound`]: the poll does not exist.
    /// - [`StoreError::Unavailable`]: the database cannot be reached, and the change may
    ///   have happened; retrying is safe.
    /// - [`StoreError::Corrupt`]: the stored poll cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call; nothing was written.
    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError>;

    /// Seals polls with [`PollState::seal`](crate::poll::PollState::seal), each under the
    /// lock that [`cast_ballots`](Self::cast_ballots) takes. Returns one outcome per id, in
    /// order.
    ///
    /// Each poll is sealed atomically by itself; a failure of one does not affect
    /// another. Sealing a sealed poll returns the same final tally again, also if `ids`
    /// contains it twice. [`StoreExt::seal_poll`](super::StoreExt::seal_poll) seals one
    /// poll.
    ///
    /// # Errors
    /// For each poll:
    /// - [`StoreError::PollNotFound`]: the poll does not exist.
    /// - [`StoreError::Unavailable`]: the database cannot be reached, and the seal may
    ///   have happened; retrying is safe.
    /// - [`StoreError::Corrupt`]: the stored poll cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call; nothing was written.
    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>>;

    /// Deletes a poll with its ballots.
    ///
    /// # Errors
    /// - [`StoreError::PollNotFound`]: the poll does not exist.
    /// - [`StoreError::Unavailable`]: the database cannot be reached, and the deletion
    ///   may have happened; retrying is safe.
    /// - [`StoreError::Failed`]: the database rejected the call; nothing was deleted.
    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError>;

    /// Deletes a poll like [`delete_poll`](Self::delete_poll) if no ballot was ever
    /// counted in it ([`Tally::ever_had_ballots`]), and returns true. Otherwise returns
    /// false and changes nothing.
    ///
    /// The check and the deletion are atomic, under the lock that
    /// [`cast_ballots`](Self::cast_ballots) takes: a concurrent ballot is either counted
    /// and prevents the deletion, or refused with
    /// [`PollNotFound`](crate::ballot::Refusal::PollNotFound).
    ///
    /// # Errors
    /// - [`StoreError::PollNotFound`]: the poll does not exist.
    /// - [`StoreError::Unavailable`]: the database cannot be reached, and the deletion
    ///   may have happened; retrying is safe.
    /// - [`StoreError::Corrupt`]: the stored poll cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call; nothing was deleted.
    async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError>;

    /// Casts a batch of ballots, which may be for several polls. See the laws of casting.
    ///
    /// The call itself cannot fail: each ballot has its own `Result`.
    /// [`StoreExt::cast`](super::StoreExt::cast) casts one ballot.
    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt;

    /// Returns the active ballots of these voters, in their order, `None` for those
    /// without one.
    ///
    /// A poll that does not exist has no ballots.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Corrupt`]: a stored ballot cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError>;

    /// Returns for each of these ballots of a poll, in their order, whether it was
    /// accepted: it is active, superseded, or a withdrawal. An accepted ballot stays
    /// accepted until the poll is deleted.
    ///
    /// A poll that does not exist has no ballots.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Corrupt`]: a stored ballot cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn accepted(
        &self,
        poll: PollId,
        ballots: &[(VoterId, BallotId)],
    ) -> Result<Vec<bool>, StoreError>;

    /// Returns the tallies of these polls, in their order, each at one position. `None`
    /// for polls that do not exist.
    ///
    /// [`StoreExt::tally`](super::StoreExt::tally) returns one.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Corrupt`]: a stored tally cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError>;

    /// Streams the active ballots of a poll in the order of their revisions, never all in
    /// memory at once.
    ///
    /// A ballot cast, replaced or withdrawn during the stream may or may not be included.
    /// No voter occurs twice. A poll that does not exist has no ballots. The stream ends
    /// after an error.
    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>>;

    /// Returns the stored tally of a poll and a recount of its ballots, both from one
    /// snapshot.
    ///
    /// # Errors
    /// - [`StoreError::PollNotFound`]: the poll does not exist.
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Corrupt`]: stored data cannot be read and needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError>;

    /// Recounts a poll under its lock and stores that tally, in the next epoch.
    ///
    /// # Errors
    /// - [`StoreError::PollNotFound`]: the poll does not exist.
    /// - [`StoreError::Unavailable`]: the database cannot be reached, and the repair may
    ///   have happened; retrying is safe.
    /// - [`StoreError::Corrupt`]: stored data cannot be read.
    /// - [`StoreError::Failed`]: the database rejected the call; nothing was written.
    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError>;

    /// Records that an account also owns the polls of a browser session. The polls do not
    /// change. Recording a claim again changes nothing and returns true.
    ///
    /// Returns false, and changes nothing, if the account has
    /// [`MAX_CLAIMS`](super::MAX_CLAIMS) other sessions already. Concurrent calls for one
    /// account may exceed the maximum by their number.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached, and the claim may be
    ///   recorded; retrying is safe.
    /// - [`StoreError::Failed`]: the database rejected the call; nothing was written.
    async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError>;

    /// Returns the sessions that any of these accounts claimed, in no particular order.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError>;

    /// Returns the time of day of the store's server, with which each engine compares its
    /// clock. `None` if the store has no clock of its own. Polls open and close by the
    /// `now` of each call, never by this clock.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the server cannot be reached; retry.
    /// - [`StoreError::Failed`]: the server rejected the call.
    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Returns an error if votes would fail now. An engine calls this for its
    /// [readiness](crate::PollEngine::check_ready).
    ///
    /// By default it reads a poll that does not exist. A store whose writes can fail while
    /// reads succeed, as on a full disk, also remembers that a write failed so, until a
    /// write succeeds. A store that forwards its calls forwards this one too.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached, or takes no writes.
    /// - [`StoreError::Corrupt`]: the stored data is damaged.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn check_ready(&self) -> Result<(), StoreError> {
        self.polls(&[PROBE_POLL]).await.map(drop)
    }
}

/// The id of a poll that does not exist, for probes.
const PROBE_POLL: PollId = PollId::from_bytes([0; 16]);
