use std::sync::Arc;
use std::time::Duration;

use votify_core::{
    Ballot, BallotId, Choice, Clock, Keyring, Outcome, Poll, PollDraft, PollId, Refusal, Store,
    SystemClock, VoterId, VoterPolicy,
};
use votify_redis::{CacheConfig, CachedStore, Redis};

use crate::servers::new_prefix;

pub(crate) type Behind = Arc<dyn Store>;

/// A way to a server, with names of its own.
pub(crate) async fn apart(url: &str) -> Redis {
    let redis = Redis::connect(url).await.unwrap();
    redis.with_prefix(&new_prefix()).unwrap()
}

/// Short leases, so that tests need not wait long for their end.
pub(crate) fn brief() -> CacheConfig {
    CacheConfig {
        lease: Duration::from_millis(100),
        ..CacheConfig::default()
    }
}

pub(crate) fn cached(behind: &Behind, redis: &Redis) -> CachedStore<Behind> {
    CachedStore::with_config(Arc::clone(behind), redis.clone(), brief())
}

pub(crate) fn poll(draft: PollDraft) -> Poll {
    let now = SystemClock.now();
    let keyring = Keyring::ephemeral();
    draft
        .into_poll(PollId::generate(now), now, &keyring)
        .unwrap()
}

pub(crate) async fn lunch(store: &dyn Store) -> Poll {
    let poll = poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]));
    store.create_poll(&poll).await.unwrap();
    poll
}

pub(crate) fn voter(number: u32) -> VoterId {
    let mut value = [0xA5; 15];
    value[..4].copy_from_slice(&number.to_be_bytes());
    VoterId::new(VoterPolicy::Browser, value)
}

/// A ballot that nobody has seen before.
pub(crate) fn fresh(poll: &Poll, number: u32) -> Ballot {
    Ballot {
        id: BallotId::generate(SystemClock.now()),
        poll: poll.id,
        voter: voter(number),
        choice: Choice::one(poll.options[number as usize % 2].id),
        address: None,
    }
}

pub(crate) async fn cast(store: &dyn Store, ballot: &Ballot) -> Outcome {
    let now = SystemClock.now();
    let receipt = store.cast_ballots(std::slice::from_ref(ballot), now).await;
    let tallies = receipt
        .tallies
        .iter()
        .filter(|tally| tally.poll == ballot.poll);
    let outcome = receipt.outcomes.into_iter().next().unwrap().unwrap();
    let found = outcome != Outcome::Refused(Refusal::PollNotFound);
    assert_eq!(tallies.count(), usize::from(found), "a tally for the poll");
    outcome
}

pub(crate) const ALREADY_VOTED: Outcome = Outcome::Refused(Refusal::AlreadyVoted);
