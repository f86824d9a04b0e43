use super::{SealOutcome, Store, StoreError};
use crate::ballot::{Ballot, Outcome};
use crate::id::PollId;
use crate::poll::{Poll, SealCause};
use crate::tally::Tally;
use crate::time::Timestamp;

/// Methods for one poll or one ballot, on every [`Store`].
///
/// ```
/// use votify_core::{Keyring, MemoryStore, PollDraft, PollId, Store, StoreExt, Timestamp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, now) = (MemoryStore::new(), Timestamp::EPOCH);
/// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
/// let poll = draft.into_poll(PollId::generate(now), now, &Keyring::ephemeral())?;
/// store.create_poll(&poll).await?;
/// assert_eq!(store.poll(poll.id).await?, Some(poll.clone()));
/// assert_eq!(store.tally(poll.id).await?.map(|tally| tally.total_votes), Some(0));
/// # Ok(())
/// # }
/// ```
pub trait StoreExt: Store {
    /// Returns the poll with this id, or `None` if it does not exist.
    ///
    /// # Errors
    /// The errors of [`Store::polls`].
    fn poll(
        &self,
        id: PollId,
    ) -> impl Future<Output = Result<Option<Poll>, StoreError>> + Send + '_ {
        async move { Ok(self.polls(&[id]).await?.pop().flatten()) }
    }

    /// Returns the tally of the poll with this id, or `None` if the poll does not exist.
    ///
    /// # Errors
    /// The errors of [`Store::tallies`].
    fn tally(
        &self,
        id: PollId,
    ) -> impl Future<Output = Result<Option<Tally>, StoreError>> + Send + '_ {
        async move { Ok(self.tallies(&[id]).await?.pop().flatten()) }
    }

    /// Seals one poll.
    ///
    /// # Errors
    /// The errors of [`Store::seal_polls`].
    fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> impl Future<Output = Result<SealOutcome, StoreError>> + Send + '_ {
        async move {
            let outcome = self.seal_polls(&[id], cause, now).await.pop();
            outcome.unwrap_or_else(|| {
                let source = "the result has no outcome for the poll";
                Err(StoreError::failed(self.backend(), source))
            })
        }
    }

    /// Casts one ballot.
    ///
    /// A refused ballot is not an error but [`Outcome::Refused`].
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached, and the ballot may
    ///   have been counted; casting the same ballot again is safe.
    /// - [`StoreError::Corrupt`]: stored data cannot be read and needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call; nothing was written.
    fn cast<'a>(
        &'a self,
        ballot: &'a Ballot,
        now: Timestamp,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send + 'a {
        async move {
            let receipt = self.cast_ballots(std::slice::from_ref(ballot), now).await;
            receipt.outcomes.into_iter().next().unwrap_or_else(|| {
                let source = "the receipt has no outcome for the ballot";
                Err(StoreError::failed(self.backend(), source))
            })
        }
    }
}

impl<S: Store + ?Sized> StoreExt for S {}
