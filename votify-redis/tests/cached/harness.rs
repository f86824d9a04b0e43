use std::sync::Arc;
use std::time::Duration;

use votify_core::{
    Ballot, BallotId, Choice, Clock, Keyring, Outcome, Poll, PollDraft, PollId, Refusal, Store,
    SystemClock, VoterId, VoterPolicy,
};
use votify_redis::{CacheConfig, CachedStore, Redis};
use votify_test_support::redis::new_prefix;

/// The store behind the cache.
pub(crate) type InnerStore = Arc<dyn Store>;

pub(crate) const ALREADY_VOTED: Outcome = Outcome::Refused(Refusal::AlreadyVoted);

/// Connects with a unique prefix.
pub(crate) async fn connect(url: &str) -> Redis {
    let redis = Redis::connect(url).await.unwrap();
    redis.with_prefix(&new_prefix()).unwrap()
}

/// Returns a configuration with a lease of 100 ms, so that tests wait less for its end.
pub(crate) fn short_lease() -> CacheConfig {
    CacheConfig {
        lease: Duration::from_millis(100),
        ..CacheConfig::default()
    }
}

pub(crate) fn cached(store: &InnerStore, redis: &Redis) -> CachedStore<InnerStore> {
    CachedStore::with_config(Arc::clone(store), redis.clone(), short_lease())
}

/// Returns a new poll. Stores nothing.
pub(crate) fn new_poll(draft: PollDraft) -> Poll {
    let now = SystemClock.now();
    let keyring = Keyring::ephemeral();
    draft
        .into_poll(PollId::generate(now), now, &keyring)
        .unwrap()
}

pub(crate) async fn create_poll(store: &dyn Store) -> Poll {
    let poll = new_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]));
    store.create_poll(&poll).await.unwrap();
    poll
}

fn voter(number: u32) -> VoterId {
    let mut value = [0xA5; 15];
    value[..4].copy_from_slice(&number.to_be_bytes());
    VoterId::new(VoterPolicy::Browser, value)
}

/// Returns a ballot of voter `number` with a new id.
pub(crate) fn new_ballot(poll: &Poll, number: u32) -> Ballot {
    Ballot {
        id: BallotId::generate(SystemClock.now()),
        poll: poll.id,
        voter: voter(number),
        choice: Choice::one(poll.options[number as usize % 2].id),
        address: None,
        accepted: None,
    }
}

/// Casts one ballot, and checks that the receipt has the poll's tally.
pub(crate) async fn cast(store: &dyn Store, ballot: &Ballot) -> Outcome {
    let now = SystemClock.now();
    let receipt = store.cast_ballots(std::slice::from_ref(ballot), now).await;
    let tallies = receipt
        .tallies
        .iter()
        .filter(|tally| tally.poll == ballot.poll);
    let outcome = receipt.outcomes.into_iter().next().unwrap().unwrap();
    let exists = outcome != Outcome::Refused(Refusal::PollNotFound);
    assert_eq!(
        tallies.count(),
        usize::from(exists),
        "tallies of the poll in the receipt"
    );
    outcome
}
