use std::sync::Arc;

use tokio::sync::mpsc;

use crate::backend::SingleFlight;
use crate::engine::EngineError;
use crate::engine::cache::PollCache;
use crate::engine::lifecycle::Note;
use crate::id::PollId;
use crate::poll::{Poll, PollStatus, ResultsPolicy, SealCause};
use crate::secret::Keyring;
use crate::store::{InviteStore, SealOutcome, Store, StoreError};
use crate::tally::Audience;
use crate::tally::Tally;
use crate::time::{Clock, Timestamp};
use crate::voter::{AddressId, Caller, IdentifyError, VoterId, VoterPolicy};

/// How often a poll that is being edited all the time is read again before giving up.
const ATTEMPTS: usize = 5;

/// Reads polls for whoever shows them.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) store: Arc<dyn Store>,
    pub(super) invites: Option<Arc<dyn InviteStore>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keyring: Keyring,
    pub(super) cache: PollCache,
    pub(super) reads: SingleFlight<Result<Read, EngineError>>,
    /// Where to tell of polls that were sealed because somebody read them past their end.
    pub(super) notes: mpsc::Sender<Note>,
}

/// What became of a poll that seemed to be past its end.
#[derive(Debug)]
pub(super) enum Due {
    /// It was sealed by this very call, so its news are ours to spread.
    SealedNow(Tally),
    /// Somebody was first.
    SealedBefore(Tally),
    /// Its end has not come.
    Not,
}

/// A poll and its tally, of one version.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) poll: Arc<Poll>,
    pub(super) tally: Arc<Tally>,
}

impl Reader {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The poll and its tally as the store has them now; sealed if its end has passed.
    ///
    /// All who ask at the same time share one read, which began after each of them had asked.
    pub(super) async fn read(&self, id: PollId) -> Result<Read, EngineError> {
        self.reads.get(id, self.read_alone(id)).await
    }

    async fn read_alone(&self, id: PollId) -> Result<Read, EngineError> {
        let mut tally = self.tally(id).await?;
        let mut poll = Arc::clone(&self.cache.get(id, &*self.store).await?.poll);
        for _ in 0..ATTEMPTS {
            if poll.version != tally.version {
                poll = Arc::clone(&self.cache.reload(id, &*self.store).await?.poll);
            }
            if poll.version != tally.version {
                tally = self.tally(id).await?;
                continue;
            }
            if tally.sealed || poll.status(self.now()) != PollStatus::Closed {
                return Ok(Read {
                    poll,
                    tally: Arc::new(tally),
                });
            }
            match self.seal_due(id).await? {
                Due::SealedBefore(sealed) => tally = sealed,
                Due::SealedNow(sealed) => {
                    tally = sealed;
                    // If so many are due that this is full, viewers hear of it by the sweep.
                    let _ = self.notes.try_send(Note::Sealed(id));
                }
                // It ends later than we thought.
                Due::Not => poll = Arc::clone(&self.cache.reload(id, &*self.store).await?.poll),
            }
        }
        Err(self.unavailable())
    }

    /// Seals a poll whose end has passed.
    pub(super) async fn seal_due(&self, id: PollId) -> Result<Due, EngineError> {
        let now = self.now();
        let sealing = self.store.seal_poll(id, SealCause::Deadline, now).await?;
        let SealOutcome::Sealed(tally) = sealing else {
            return Ok(Due::Not);
        };
        let poll = self.cache.reload(id, &*self.store).await?;
        Ok(if poll.poll.sealed_at == Some(now) {
            Due::SealedNow(tally)
        } else {
            Due::SealedBefore(tally)
        })
    }

    /// The poll beside a tally that a transaction has just given.
    pub(super) async fn beside(&self, tally: Arc<Tally>) -> Result<Read, EngineError> {
        let cached = self.cache.get(tally.poll, &*self.store).await?;
        if cached.poll.version == tally.version {
            return Ok(Read {
                poll: Arc::clone(&cached.poll),
                tally,
            });
        }
        let cached = self.cache.reload(tally.poll, &*self.store).await?;
        if cached.poll.version == tally.version {
            return Ok(Read {
                poll: Arc::clone(&cached.poll),
                tally,
            });
        }
        self.read(tally.poll).await
    }

    async fn tally(&self, id: PollId) -> Result<Tally, EngineError> {
        let tally = self.store.tallies(&[id]).await?.pop().flatten();
        if tally.is_none() {
            self.cache.forget(id);
        }
        tally.ok_or(EngineError::PollNotFound(id))
    }

    pub(super) fn identify(&self, poll: &Poll, voter: &Caller) -> Result<VoterId, IdentifyError> {
        poll.rules
            .voters
            .identify(voter, poll.id, poll.key, &self.keyring)
    }

    /// The caller's address, if the poll has a quota of those.
    pub(super) fn locate(
        &self,
        poll: &Poll,
        voter: &Caller,
    ) -> Result<Option<AddressId>, IdentifyError> {
        let quota = poll.rules.address_quota;
        let address = quota.map(|quota| quota.identify(voter, poll.id, poll.key, &self.keyring));
        address.transpose()
    }

    /// The voter id of a caller who may vote. Who was invited stays so, so that asking before the poll is locked is as good
    /// as asking under its lock.
    pub(super) async fn admit(&self, poll: &Poll, voter: &Caller) -> Result<VoterId, EngineError> {
        let id = self.identify(poll, voter)?;
        // Rare, and therefore boxed.
        if poll.rules.voters == VoterPolicy::Invite
            && !Box::pin(self.is_invited(poll.id, id)).await?
        {
            return Err(IdentifyError::NotInvited.into());
        }
        Ok(id)
    }

    async fn is_invited(&self, poll: PollId, voter: VoterId) -> Result<bool, EngineError> {
        match &self.invites {
            Some(invites) => Ok(invites.invited(poll, &[voter]).await? == [true]),
            None => Ok(false),
        }
    }

    /// Whether a voter's ballot stands.
    pub(super) async fn audience_of(
        &self,
        poll: PollId,
        voter: VoterId,
    ) -> Result<Audience, EngineError> {
        let ballot = self.store.ballots_of(poll, &[voter]).await?.pop().flatten();
        Ok(if ballot.is_some() {
            Audience::Voted
        } else {
            Audience::Public
        })
    }

    /// To which audience of a poll a caller belongs; asks the store only where that matters.
    pub(super) async fn audience(
        &self,
        read: &Read,
        caller: &Caller,
    ) -> Result<Audience, EngineError> {
        let Read { poll, tally } = read;
        if tally.sealed || poll.rules.results != ResultsPolicy::AfterVote {
            return Ok(Audience::Public);
        }
        match self.identify(poll, caller) {
            Ok(voter) => self.audience_of(poll.id, voter).await,
            Err(_) => Ok(Audience::Public),
        }
    }

    pub(super) fn unavailable(&self) -> EngineError {
        EngineError::Store(StoreError::unavailable(
            self.store.backend(),
            "the poll could not be read in time",
        ))
    }
}
