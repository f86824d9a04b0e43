use crate::engine::{EngineError, PollEngine};
use crate::id::PollId;
use crate::poll::{InvalidPoll, PollStatus};
use crate::store::InviteOutcome;
use crate::voter::{Caller, InviteCode, VoterId, VoterPolicy};

/// Why no codes were made. None was then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteRefusal {
    /// The poll's policy is another one, or this engine keeps no invites.
    #[error("voters of this poll are not invited")]
    NotByInvite,
    /// The poll is closed.
    #[error("the poll is closed")]
    Closed,
    /// None, or more than are made at once.
    #[error("codes are made 1 to {most} at a time")]
    Count {
        /// The most.
        most: u32,
    },
    /// The poll would have more codes than a poll may have.
    #[error("the poll has {made} codes, and may have {most}")]
    TooMany {
        /// How many it has.
        made: u64,
        /// How many it may have.
        most: u64,
    },
}

/// InviteOutcome voters, one code for each.
impl PollEngine {
    /// The most codes that are made at once.
    pub const MAX_INVITES_PER_CALL: u32 = 10_000;
    /// The most codes of one poll.
    pub const INVITES_MAX: u64 = 100_000;

    /// Whether this engine was given an [`InviteStore`](crate::InviteStore). Without one no poll by invite can be made.
    #[must_use]
    pub fn supports_invites(&self) -> bool {
        self.inner.reader.invites.is_some()
    }

    /// Makes `count` codes for a poll whose policy is [`VoterPolicy::Invite`]; with each of them one ballot can be cast.
    ///
    /// They are told this once: what is kept is what follows from them. If the answer is lost its codes are made, nobody has
    /// them, and others can be made.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use votify_core::{Choice, MemoryStore, PollDraft, PollEngine, Caller, VoterPolicy};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let store = Arc::new(MemoryStore::new());
    /// let engine = PollEngine::builder(Arc::clone(&store)).invites(store).build();
    ///
    /// let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// draft.rules.voters = VoterPolicy::Invite;
    /// let poll = engine.create_poll(draft).await?;
    /// let codes = engine.make_invites(poll.id, 2).await?;
    ///
    /// // Each code is one voter, whoever brings it.
    /// let alice = Caller::invited(codes[0]);
    /// engine.vote(poll.id, &alice, Choice::one(poll.options[0].id)).await?;
    /// assert!(engine.vote(poll.id, &alice, Choice::one(poll.options[1].id)).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Does not ask who the caller is: an edge that serves strangers calls [`authorize_owner`](Self::authorize_owner) first.
    ///
    /// # Errors
    /// [`InvitesRefused`](EngineError::InvitesRefused), [`PollNotFound`](EngineError::PollNotFound), or a failure of the
    /// store: then the codes may be made, and are lost.
    pub async fn create_invites(
        &self,
        poll: PollId,
        count: u32,
    ) -> Result<Vec<InviteCode>, EngineError> {
        let reader = &self.inner.reader;
        let cached = reader.cache.reload(poll, &*reader.store).await?;
        let poll = &cached.poll;
        let by_invite = poll.rules.voters == VoterPolicy::Invite;
        let Some(invites) = reader.invites.as_ref().filter(|_| by_invite) else {
            return Err(InviteRefusal::NotByInvite.into());
        };
        if poll.status(self.now()) == PollStatus::Closed {
            return Err(InviteRefusal::Closed.into());
        }
        let most = Self::MAX_INVITES_PER_CALL;
        if !(1..=most).contains(&count) {
            return Err(InviteRefusal::Count { most }.into());
        }
        let codes: Vec<InviteCode> = (0..count).map(|_| InviteCode::random()).collect();
        let voters: Vec<VoterId> = codes
            .iter()
            .map(|code| reader.identify(poll, &Caller::invited(*code)))
            .collect::<Result<_, _>>()?;
        let most = Self::INVITES_MAX;
        match invites.invite(poll.id, &voters, most).await? {
            InviteOutcome::Invited { .. } => Ok(codes),
            InviteOutcome::TooMany { total: made } => {
                Err(InviteRefusal::TooMany { made, most }.into())
            }
        }
    }

    /// Refuses a poll for voters whom nobody could invite.
    pub(super) fn check_can_invite(&self, voters: Option<VoterPolicy>) -> Result<(), InvalidPoll> {
        let mut problems = InvalidPoll::default();
        if voters == Some(VoterPolicy::Invite) && !self.supports_invites() {
            problems.add("voters", "this server keeps no invites");
        }
        problems.into_result(())
    }
}
