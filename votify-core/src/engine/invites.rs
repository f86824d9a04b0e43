use std::sync::Arc;

use crate::engine::{EngineError, PollEngine};
use crate::id::PollId;
use crate::poll::{InvalidPoll, Poll, PollStatus};
use crate::store::{InviteOutcome, InviteStore};
use crate::voter::{Actor, Caller, InviteCode, VoterId, VoterPolicy};

/// The reason for which no invite codes were created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteRefusal {
    /// The poll's voter policy is not `Invite`, or the store does not support
    /// invites.
    #[error("voters of this poll are not invited")]
    NotByInvite,
    /// The poll is closed.
    #[error("the poll is closed")]
    Closed,
    /// The number of codes is 0 or above the maximum for one call.
    #[error("the number of invite codes must be 1 to {max}")]
    Count {
        /// Maximum number of codes for one call.
        max: u32,
    },
    /// The poll would have more codes than the maximum for one poll.
    #[error("the poll has {existing} invite codes, and at most {max} are allowed")]
    TooMany {
        /// Number of codes that the poll has.
        existing: u64,
        /// Maximum number of codes for one poll.
        max: u64,
    },
}

/// The invite codes of a poll, as an owner may see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InviteCounts {
    /// Number of codes that were created.
    pub made: u64,
    /// Number of codes with an active ballot. `None` if the results are hidden: the number
    /// of used codes is the number of votes.
    pub used: Option<u64>,
}

impl InviteCounts {
    /// Returns the number of codes without an active ballot, or `None` if the results are
    /// hidden.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        Some(self.made.saturating_sub(self.used?))
    }
}

/// Inviting voters, with one code for each.
impl PollEngine {
    /// Maximum number of codes that one call creates.
    pub const MAX_INVITES_PER_CALL: u32 = 10_000;
    /// Maximum number of codes of one poll.
    pub const MAX_INVITES_PER_POLL: u64 = 100_000;

    /// Returns true if the store supports invites
    /// ([`Store::invites`](crate::Store::invites)).
    ///
    /// If it does not, polls with the voter policy `Invite` cannot be created.
    #[must_use]
    pub fn supports_invites(&self) -> bool {
        self.inner.loader.store.invites().is_some()
    }

    /// Creates `count` codes for a poll with the voter policy [`VoterPolicy::Invite`].
    /// Each code is one voter.
    ///
    /// The codes are returned only once, because the store holds only the voter ids
    /// derived from them. If the response is lost, create other codes.
    ///
    /// ```
    /// use votify_core::{Actor, Caller, Choice, MemoryStore, PollDraft, PollEngine, VoterPolicy};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// draft.rules.voters = VoterPolicy::Invite;
    /// let poll = engine.create_poll(draft).await?;
    /// let codes = engine.create_invites(poll.id, 2, Actor::Host).await?;
    ///
    /// // Each code is one voter, whichever browser sends it.
    /// let alice = Caller::invited(codes[0]);
    /// engine.vote(poll.id, &alice, Choice::one(poll.options[0].id)).await?;
    /// assert!(engine.vote(poll.id, &alice, Choice::one(poll.options[1].id)).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`InvitesRefused`](EngineError::InvitesRefused): no code was created; the
    ///   refusal has the reason.
    /// - [`NotOwner`](EngineError::NotOwner) or
    ///   [`Unidentified`](EngineError::Unidentified), as in
    ///   [`authorize_owner`](Self::authorize_owner): no code was created.
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed. After a transient error the
    ///   codes may exist; they count towards the maximum, and a retry creates others.
    pub async fn create_invites(
        &self,
        poll: PollId,
        count: u32,
        actor: Actor<'_>,
    ) -> Result<Vec<InviteCode>, EngineError> {
        self.check_actor(poll, actor).await?;
        let loader = &self.inner.loader;
        let (poll, invites) = self.open_for_invites(poll, count).await?;
        let poll = &poll;
        let codes: Vec<InviteCode> = (0..count).map(|_| InviteCode::random()).collect();
        let voters: Vec<VoterId> = codes
            .iter()
            .map(|code| loader.identify(poll, &Caller::invited(*code)))
            .collect::<Result<_, _>>()?;
        let max = Self::MAX_INVITES_PER_POLL;
        match invites.invite(poll.id, &voters, max).await? {
            InviteOutcome::Invited { .. } => Ok(codes),
            InviteOutcome::TooMany { total: existing } => {
                Err(InviteRefusal::TooMany { existing, max }.into())
            }
        }
    }

    /// Returns an error if [`create_invites`](Self::create_invites) would refuse now.
    /// Creates nothing.
    ///
    /// A server calls this before it counts the codes toward a limit, so that a refused
    /// call does not count.
    ///
    /// ```
    /// use votify_core::{MemoryStore, PollDraft, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    /// assert!(engine.check_invites(poll.id, 2).await.is_err()); // not a poll by invite
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`InvitesRefused`](EngineError::InvitesRefused): no codes can be created; the
    ///   refusal has the reason.
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn check_invites(&self, poll: PollId, count: u32) -> Result<(), EngineError> {
        let (poll, invites) = self.open_for_invites(poll, count).await?;
        let (existing, max) = (invites.count(poll.id).await?, Self::MAX_INVITES_PER_POLL);
        if existing.saturating_add(count.into()) > max {
            return Err(InviteRefusal::TooMany { existing, max }.into());
        }
        Ok(())
    }

    /// Returns how many codes a poll has, and how many of them voted if the actor may see
    /// that. The host sees what the public sees.
    ///
    /// ```
    /// use votify_core::{Actor, Caller, Choice, MemoryStore, PollDraft, PollEngine, VoterPolicy};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// draft.rules.voters = VoterPolicy::Invite;
    /// let poll = engine.create_poll(draft).await?;
    /// let codes = engine.create_invites(poll.id, 3, Actor::Host).await?;
    /// let choice = Choice::one(poll.options[0].id);
    /// engine.vote(poll.id, &Caller::invited(codes[0]), choice).await?;
    ///
    /// let counts = engine.invite_counts(poll.id, Actor::Host).await?;
    /// assert_eq!((counts.made, counts.used, counts.left()), (3, Some(1), Some(2)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`InvitesRefused`](EngineError::InvitesRefused): voters of this poll are not
    ///   invited.
    /// - [`NotOwner`](EngineError::NotOwner) or
    ///   [`Unidentified`](EngineError::Unidentified), as in
    ///   [`authorize_owner`](Self::authorize_owner).
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn invite_counts(
        &self,
        poll: PollId,
        actor: Actor<'_>,
    ) -> Result<InviteCounts, EngineError> {
        self.check_actor(poll, actor).await?;
        let snapshot = self.poll(poll, &actor.as_viewer()).await?;
        let by_invite = snapshot.poll.rules.voters == VoterPolicy::Invite;
        let invites = self.inner.loader.store.invites();
        let Some(invites) = invites.filter(|_| by_invite) else {
            return Err(InviteRefusal::NotByInvite.into());
        };
        // Read after the votes, so that it includes every code that voted.
        let made = invites.count(poll).await?;
        Ok(InviteCounts {
            made,
            used: snapshot.view.total_votes(),
        })
    }

    /// Returns a poll that accepts more invites, and the store of its invites.
    async fn open_for_invites(
        &self,
        poll: PollId,
        count: u32,
    ) -> Result<(Arc<Poll>, &dyn InviteStore), EngineError> {
        let loader = &self.inner.loader;
        let definition = loader.cache.reload(poll, &*loader.store).await?;
        let poll = &definition.poll;
        let by_invite = poll.rules.voters == VoterPolicy::Invite;
        let Some(invites) = loader.store.invites().filter(|_| by_invite) else {
            return Err(InviteRefusal::NotByInvite.into());
        };
        if poll.status(self.now(), definition.is_frozen()) == PollStatus::Closed {
            return Err(InviteRefusal::Closed.into());
        }
        let max = Self::MAX_INVITES_PER_CALL;
        if !(1..=max).contains(&count) {
            return Err(InviteRefusal::Count { max }.into());
        }
        Ok((Arc::clone(poll), invites))
    }

    /// Rejects the voter policy `Invite` if the store does not support invites.
    pub(super) fn check_voter_policy(
        &self,
        voters: Option<VoterPolicy>,
    ) -> Result<(), InvalidPoll> {
        let mut problems = InvalidPoll::default();
        if voters == Some(VoterPolicy::Invite) && !self.supports_invites() {
            problems.add("voters", "this server does not support invites");
        }
        problems.into_result(())
    }
}
