use std::sync::Arc;

use crate::conformance::fixture::{Fixture, StoreFixture};
use crate::conformance::store::builders::{at, draft, voter_with_policy};
use crate::id::PollId;
use crate::poll::Poll;
use crate::secret::Keyring;
use crate::store::{InviteOutcome, InviteStore, Store};
use crate::voter::{VoterId, VoterPolicy};

/// A bound above the number of invites of any case that does not test the bound.
pub(super) const UNBOUNDED: u64 = 1_000_000;

/// Returns the voters with these numbers, with ids as derived from invite codes.
pub(super) fn guests(numbers: impl IntoIterator<Item = u32>) -> Vec<VoterId> {
    let guest = |number| voter_with_policy(VoterPolicy::Invite, number);
    numbers.into_iter().map(guest).collect()
}

pub(super) fn invites(store: &Arc<dyn Store>) -> &dyn InviteStore {
    store.invites().expect("the store supports invites")
}

pub(super) async fn invite(
    store: &Arc<dyn Store>,
    poll: &Poll,
    voters: &[VoterId],
    max_invited: u64,
) -> InviteOutcome {
    let invited = invites(store).invite(poll.id, voters, max_invited).await;
    invited.expect("invite succeeds")
}

/// Returns the number of invited voters of a poll.
pub(super) async fn total(store: &Arc<dyn Store>, poll: &Poll) -> u64 {
    let count = invites(store).count(poll.id).await;
    count.expect("count succeeds")
}

/// Returns how many of these voters are invited.
pub(super) async fn count(store: &Arc<dyn Store>, poll: &Poll, voters: &[VoterId]) -> usize {
    let invited = invites(store).invited(poll.id, voters).await;
    let invited = invited.expect("invited succeeds");
    assert_eq!(invited.len(), voters.len(), "one result per voter");
    invited.into_iter().filter(|invited| *invited).count()
}

/// An empty store, and the calls of cases that expect no errors.
pub(super) struct Harness {
    backend: Fixture<dyn Store>,
}

impl Harness {
    pub(super) async fn open(fixture: &dyn StoreFixture) -> Self {
        Self {
            backend: fixture.fresh().await,
        }
    }

    /// Returns the same data in a reopened store. `None` if the store cannot be reopened.
    pub(super) async fn reopen(self) -> Option<Self> {
        Some(Self {
            backend: self.backend.reopen().await?,
        })
    }

    pub(super) fn store(&self) -> Arc<dyn Store> {
        self.backend.instance()
    }

    /// Returns another instance on the same data, or the same one if there can be only
    /// one.
    pub(super) async fn second_store(&self) -> Arc<dyn Store> {
        self.backend.second_instance().await
    }

    /// Returns a poll that the store does not have.
    pub(super) fn unknown_poll() -> Poll {
        let mut draft = draft();
        draft.rules.voters = VoterPolicy::Invite;
        let poll = draft.into_poll(PollId::generate(at(0)), at(0), &Keyring::ephemeral());
        poll.expect("a valid draft")
    }

    pub(super) async fn create_poll(&self) -> Poll {
        let poll = Self::unknown_poll();
        let created = self.store().create_poll(&poll).await;
        created.expect("create_poll succeeds");
        poll
    }
}
