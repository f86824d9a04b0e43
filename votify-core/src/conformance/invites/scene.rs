use crate::conformance::fixture::{FreshInvites, InviteFixture, InviteHandle};
use crate::conformance::store::paper::{at, strict, voter_of};
use crate::id::PollId;
use crate::poll::Poll;
use crate::secret::Keyring;
use crate::store::InviteOutcome;
use crate::voter::{VoterId, VoterPolicy};

/// More than any case invites, but for those that are about the bound.
pub(super) const ANY: u64 = 1_000_000;

/// The voters of these numbers, as their codes make them.
pub(super) fn guests(numbers: impl IntoIterator<Item = u32>) -> Vec<VoterId> {
    let guest = |number| voter_of(VoterPolicy::Invite, number);
    numbers.into_iter().map(guest).collect()
}

pub(super) async fn invite(
    handle: &InviteHandle,
    poll: &Poll,
    voters: &[VoterId],
    most: u64,
) -> InviteOutcome {
    let invited = handle.invites.invite(poll.id, voters, most).await;
    invited.expect("invite answers")
}

/// How many of these are invited.
pub(super) async fn count(handle: &InviteHandle, poll: &Poll, voters: &[VoterId]) -> usize {
    let invited = handle.invites.invited(poll.id, voters).await;
    let invited = invited.expect("invited answers");
    assert_eq!(invited.len(), voters.len(), "one answer per voter");
    invited.into_iter().filter(|invited| *invited).count()
}

/// A fresh store, and what a case does on it when it does not expect errors.
pub(super) struct Scene {
    pub(super) fresh: FreshInvites,
}

impl Scene {
    pub(super) async fn open(fixture: &dyn InviteFixture) -> Self {
        Self {
            fresh: fixture.fresh().await,
        }
    }

    pub(super) fn handle(&self) -> InviteHandle {
        self.fresh.handle()
    }

    /// A poll that the store does not know.
    pub(super) fn unknown_poll() -> Poll {
        let mut draft = strict();
        draft.rules.voters = VoterPolicy::Invite;
        let poll = draft.into_poll(PollId::generate(at(0)), at(0), &Keyring::ephemeral());
        poll.expect("a valid draft")
    }

    pub(super) async fn poll(&self) -> Poll {
        let poll = Self::unknown_poll();
        let created = self.handle().polls.create_poll(&poll).await;
        created.expect("the poll is created");
        poll
    }
}
