use super::*;
use crate::ballot::{Outcome, Refusal};
use crate::engine::{EngineError, VoteReceipt};
use crate::poll::{AddressQuota, PollChange};
use crate::voter::IdentifyError;

/// A browser of its own at an address.
fn at(address: &str) -> Caller {
    Caller::session(SessionId::random()).with_address(address.parse().unwrap())
}

fn is_full(answer: &Result<VoteReceipt, EngineError>) -> bool {
    matches!(answer, Err(EngineError::Refused(Refusal::AddressQuota)))
}

/// Whether two callers from these addresses share one place.
async fn are_one(ipv4_prefix: u8, one: &str, other: &str) -> bool {
    let world = World::new();
    let quota = AddressQuota {
        ballots: 1,
        ipv4_prefix,
    };
    let poll = world.poll(|draft| draft.rules.address_quota = Some(quota));
    let poll = poll.await;
    let vote = |voter: Caller| async {
        let voter = voter;
        world.engine.vote(poll.id, &voter, first(&poll)).await
    };
    vote(at(one)).await.unwrap();
    let answer = vote(at(other)).await;
    assert!(answer.is_ok() || is_full(&answer), "{answer:?}");
    is_full(&answer)
}

#[tokio::test]
async fn addresses_count_by_their_prefix() {
    assert!(are_one(32, "192.0.2.7", "192.0.2.7").await);
    assert!(!are_one(32, "192.0.2.7", "192.0.2.8").await);
    assert!(are_one(24, "192.0.2.7", "192.0.2.8").await);
    assert!(!are_one(24, "192.0.2.7", "192.0.3.7").await);
    for prefix in [24, 32] {
        assert!(are_one(prefix, "2001:db8:0:1::7", "2001:db8:0:1:8::").await);
        assert!(!are_one(prefix, "2001:db8:0:1::7", "2001:db8:0:2::7").await);
    }
}

#[tokio::test]
async fn who_comes_from_nowhere_cannot_vote_where_addresses_are_limited() {
    let world = World::new();
    let quota = Some(AddressQuota::new(1));
    let poll = world.poll(|draft| draft.rules.address_quota = quota).await;
    let refused = world.engine.vote(poll.id, &browser(1), first(&poll)).await;
    assert!(
        matches!(
            refused,
            Err(EngineError::Unidentified(IdentifyError::NoAddress))
        ),
        "{refused:?}"
    );
}

/// A limit that was set, narrowed and taken away elsewhere counts at once, though another definition is at hand.
#[tokio::test]
async fn a_limit_set_elsewhere_counts_at_once() {
    let quota = |ipv4_prefix| {
        Some(AddressQuota {
            ballots: 1,
            ipv4_prefix,
        })
    };
    for (before, after, full) in [
        (None, quota(32), [false, true, false]),
        (quota(32), quota(24), [false, true, true]),
        (quota(24), None, [false, false, false]),
    ] {
        let world = World::new();
        let poll = world.poll(|draft| draft.rules.address_quota = before).await;
        world.engine.definition(poll.id).await.unwrap();
        let change = PollChange {
            address_quota: Some(after),
            ..PollChange::default()
        };
        let changed = world.store.change_poll(poll.id, &change, world.clock.now());
        changed.await.unwrap();
        for (address, full) in ["192.0.2.7", "192.0.2.7", "192.0.2.8"].iter().zip(full) {
            let answer = world.engine.vote(poll.id, &at(address), first(&poll)).await;
            assert_eq!(is_full(&answer), full, "{after:?}: {answer:?}");
            assert_eq!(answer.is_ok(), !full, "{after:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_retry_finds_its_vote_at_a_full_address() {
    let world = World::new();
    let quota = Some(AddressQuota::new(1));
    let poll = world.poll(|draft| draft.rules.address_quota = quota).await;
    let voter = at("192.0.2.7");
    let receipt = world.engine.vote(poll.id, &voter, first(&poll)).await;
    let id = receipt.unwrap().ballot;
    let moved = voter.with_address("198.51.100.1".parse().unwrap());
    let again = world.engine.cast(poll.id, &moved, id, first(&poll)).await;
    assert_eq!(again.unwrap().outcome, Outcome::Replayed { revision: 1 });
    let other = at("198.51.100.1");
    let counted = world.engine.vote(poll.id, &other, first(&poll)).await;
    assert_eq!(counted.unwrap().outcome, Outcome::Counted { revision: 2 });
}
