use std::sync::Arc;

use tokio::sync::mpsc;

use crate::backend::SingleFlight;
use crate::engine::EngineError;
use crate::engine::cache::PollCache;
use crate::engine::clock_monitor::ClockMonitor;
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::missing_keys::MissingKeys;
use crate::engine::scheduler::message::SchedulerMessage;
use crate::id::PollId;
use crate::poll::{Poll, PollStatus, ResultsPolicy, SealCause};
use crate::secret::Keyring;
use crate::store::{SealOutcome, Store, StoreError, StoreExt};
use crate::tally::{Audience, Tally};
use crate::time::{Clock, Timestamp};
use crate::voter::{AddressId, Caller, IdentifyError, VoterId, VoterPolicy};

/// Maximum number of reads of a poll that is edited again during each read.
const MAX_ATTEMPTS: usize = 5;

/// Loads polls with their tallies, and identifies callers in them.
#[derive(Debug)]
pub(super) struct PollLoader {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) clock_monitor: Arc<ClockMonitor>,
    pub(super) keyring: Keyring,
    pub(super) missing_keys: MissingKeys,
    pub(super) cache: PollCache,
    pub(super) loads: SingleFlight<Result<LoadedPoll, EngineError>>,
    /// True if a queue is used: then only the aggregator seals polls.
    pub(super) uses_queue: bool,
    /// Receives polls that were sealed by a read after their closing time.
    pub(super) scheduler: mpsc::Sender<SchedulerMessage>,
}

/// The result of sealing a poll that appeared to be past its closing time.
#[derive(Debug)]
pub(super) enum SealAttempt {
    /// This call sealed the poll, so its caller announces the result.
    SealedNow(LoadedPoll),
    /// The poll was sealed before.
    SealedBefore(LoadedPoll),
    /// The closing time has not come.
    NotDue,
}

impl PollLoader {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Loads the poll and its tally from the store, and seals the poll if it is past its
    /// closing time and no queue is used.
    ///
    /// Concurrent calls share one load, which began after each of the calls.
    pub(super) async fn load(&self, id: PollId) -> Result<LoadedPoll, EngineError> {
        self.loads.get(id, self.load_unshared(id)).await
    }

    async fn load_unshared(&self, id: PollId) -> Result<LoadedPoll, EngineError> {
        let mut tally = self.tally(id).await?;
        let mut poll = Arc::clone(&self.cache.get(id, &*self.store).await?.poll);
        for _ in 0..MAX_ATTEMPTS {
            if poll.version != tally.version {
                poll = Arc::clone(&self.cache.reload(id, &*self.store).await?.poll);
            }
            if poll.version != tally.version {
                tally = self.tally(id).await?;
                continue;
            }
            let status = poll.status(self.now(), tally.ever_had_ballots());
            if tally.sealed
                || status != PollStatus::Closed
                || self.uses_queue
                || !self.clock_monitor.agrees().await
            {
                return Ok(LoadedPoll {
                    poll,
                    tally: Arc::new(tally),
                });
            }
            match self.seal_due(id).await {
                Ok(SealAttempt::SealedNow(sealed) | SealAttempt::SealedBefore(sealed)) => {
                    return Ok(sealed);
                }
                // A store whose disk is full still reads. The result is not final yet.
                Err(EngineError::Store(error)) if error.is_transient() => {
                    return Ok(LoadedPoll {
                        poll,
                        tally: Arc::new(tally),
                    });
                }
                Err(error) => return Err(error),
                // The cached closing time was outdated.
                Ok(SealAttempt::NotDue) => {
                    poll = Arc::clone(&self.cache.reload(id, &*self.store).await?.poll);
                }
            }
        }
        Err(self.unavailable())
    }

    /// Seals a poll if its closing time has passed. The scheduler announces the closing.
    async fn seal_due(&self, id: PollId) -> Result<SealAttempt, EngineError> {
        let now = self.now();
        let mut attempts = self.seal_all_due(&[id], now).await;
        let attempt = attempts.pop().unwrap_or(Ok(SealAttempt::NotDue));
        let message = match &attempt {
            Ok(SealAttempt::SealedNow(sealed)) => Some(SchedulerMessage::Sealed(sealed.clone())),
            Ok(_) | Err(EngineError::PollNotFound(_)) => None,
            Err(_) => Some(SchedulerMessage::Unconfirmed(id, now)),
        };
        if let Some(message) = message {
            // If the channel is full, the next resync informs the viewers.
            let _ = self.scheduler.try_send(message);
        }
        attempt
    }

    /// Seals those polls whose closing time has passed at `now`. Returns one result per
    /// poll, in order. Seals none unless the clock agrees with the store's.
    ///
    /// After an error the poll may be sealed. A retry with the same `now` then returns
    /// [`SealedNow`](SealAttempt::SealedNow).
    pub(super) async fn seal_all_due(
        &self,
        ids: &[PollId],
        now: Timestamp,
    ) -> Vec<Result<SealAttempt, EngineError>> {
        if ids.is_empty() || !self.clock_monitor.agrees().await {
            return ids.iter().map(|_| Ok(SealAttempt::NotDue)).collect();
        }
        let outcomes = self.store.seal_polls(ids, SealCause::Deadline, now).await;
        let sealed: Vec<PollId> = outcomes
            .iter()
            .zip(ids)
            .filter(|(outcome, _)| matches!(outcome, Ok(SealOutcome::Sealed(_))))
            .map(|(_, id)| *id)
            .collect();
        let definitions = self.store.polls(&sealed).await;
        let mut definitions = definitions.map(Vec::into_iter);
        let attempts = ids.iter().zip(outcomes).map(|(id, outcome)| {
            let SealOutcome::Sealed(tally) = outcome? else {
                return Ok(SealAttempt::NotDue);
            };
            let poll = match &mut definitions {
                Ok(polls) => polls.next().flatten(),
                Err(error) => return Err(error.clone().into()),
            };
            let poll = Arc::new(poll.ok_or(EngineError::PollNotFound(*id))?);
            self.cache.put(Arc::clone(&poll));
            let sealed_now = poll.sealed_at == Some(now);
            let loaded = LoadedPoll {
                poll,
                tally: Arc::new(tally),
            };
            Ok(if sealed_now {
                SealAttempt::SealedNow(loaded)
            } else {
                SealAttempt::SealedBefore(loaded)
            })
        });
        attempts.collect()
    }

    /// Returns the tally with the definition of its version, or a newer state if the poll
    /// was edited since.
    pub(super) async fn with_definition(
        &self,
        tally: Arc<Tally>,
    ) -> Result<LoadedPoll, EngineError> {
        let cached = self.cache.get(tally.poll, &*self.store).await?;
        if cached.poll.version == tally.version {
            let poll = Arc::clone(&cached.poll);
            return Ok(LoadedPoll { poll, tally });
        }
        let reloaded = self.cache.reload(tally.poll, &*self.store).await?;
        if reloaded.poll.version == tally.version {
            let poll = Arc::clone(&reloaded.poll);
            return Ok(LoadedPoll { poll, tally });
        }
        self.load(tally.poll).await
    }

    async fn tally(&self, id: PollId) -> Result<Tally, EngineError> {
        let tally = self.store.tally(id).await?;
        if tally.is_none() {
            self.cache.invalidate(id);
        }
        tally.ok_or(EngineError::PollNotFound(id))
    }

    /// Returns the caller's voter id in a poll.
    pub(super) fn identify(&self, poll: &Poll, caller: &Caller) -> Result<VoterId, IdentifyError> {
        self.missing_keys.check(poll, &self.keyring)?;
        poll.rules
            .voters
            .identify(caller, poll.id, poll.key, &self.keyring)
    }

    /// Returns the id of the caller's address if the poll has an address quota.
    pub(super) fn address_id(
        &self,
        poll: &Poll,
        caller: &Caller,
    ) -> Result<Option<AddressId>, IdentifyError> {
        let quota = poll.rules.address_quota;
        if quota.is_some() {
            self.missing_keys.check(poll, &self.keyring)?;
        }
        let address = quota.map(|quota| quota.identify(caller, poll.id, poll.key, &self.keyring));
        address.transpose()
    }

    /// Returns the voter id of a caller who may vote in a poll.
    ///
    /// Invites are never revoked, so this check needs no lock.
    pub(super) async fn authorize_voter(
        &self,
        poll: &Poll,
        caller: &Caller,
    ) -> Result<VoterId, EngineError> {
        let voter = self.identify(poll, caller)?;
        // Boxed: rare, and it would enlarge the future of every vote.
        if poll.rules.voters == VoterPolicy::Invite
            && !Box::pin(self.is_invited(poll.id, voter)).await?
        {
            return Err(IdentifyError::NotInvited.into());
        }
        Ok(voter)
    }

    async fn is_invited(&self, poll: PollId, voter: VoterId) -> Result<bool, EngineError> {
        match self.store.invites() {
            Some(invites) => Ok(invites.invited(poll, &[voter]).await? == [true]),
            None => Ok(false),
        }
    }

    /// Returns the audience of a voter: `Voted` if the store has an active ballot of
    /// theirs.
    pub(super) async fn audience_of(
        &self,
        poll: PollId,
        voter: VoterId,
    ) -> Result<Audience, EngineError> {
        let ballot = self.store.ballots_of(poll, &[voter]).await?.pop().flatten();
        Ok(Audience::of_voter(ballot.is_some()))
    }

    /// Returns the audience of a caller, and reads the store only if the counts depend on
    /// it.
    pub(super) async fn audience(
        &self,
        loaded: &LoadedPoll,
        caller: &Caller,
    ) -> Result<Audience, EngineError> {
        let LoadedPoll { poll, tally } = loaded;
        if tally.sealed || poll.rules.results != ResultsPolicy::AfterVote {
            return Ok(Audience::Public);
        }
        match self.identify(poll, caller) {
            Ok(voter) => self.audience_of(poll.id, voter).await,
            Err(_) => Ok(Audience::Public),
        }
    }

    /// Returns the error for a poll that could not be loaded in time.
    pub(super) fn unavailable(&self) -> EngineError {
        EngineError::Store(StoreError::unavailable(
            self.store.backend(),
            "the poll could not be read in time",
        ))
    }
}
