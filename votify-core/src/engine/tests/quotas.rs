use super::*;
use crate::ballot::Refusal;
use crate::engine::{EngineError, VoteOutcome, VoteReceipt};
use crate::poll::{AddressQuota, PollChange};
use crate::voter::IdentifyError;

/// A new browser at an address.
fn at(address: &str) -> Caller {
    Caller::session(SessionId::random()).with_address(address.parse().unwrap())
}

fn is_quota_refusal(result: &Result<VoteReceipt, EngineError>) -> bool {
    matches!(result, Err(EngineError::Refused(Refusal::AddressQuota)))
}

/// Returns true if callers from these two addresses share one quota.
async fn share_a_quota(ipv4_prefix: u8, one: &str, other: &str) -> bool {
    let harness = Harness::new();
    let quota = AddressQuota {
        ballots: 1,
        ipv4_prefix,
    };
    let poll = harness.create_poll_with(|draft| draft.rules.address_quota = Some(quota));
    let poll = poll.await;
    let vote = |voter: Caller| async {
        let voter = voter;
        harness
            .engine
            .vote(poll.id, &voter, first_option(&poll))
            .await
    };
    vote(at(one)).await.unwrap();
    let result = vote(at(other)).await;
    assert!(result.is_ok() || is_quota_refusal(&result), "{result:?}");
    is_quota_refusal(&result)
}

#[tokio::test]
async fn addresses_are_grouped_by_prefix() {
    assert!(share_a_quota(32, "192.0.2.7", "192.0.2.7").await);
    assert!(!share_a_quota(32, "192.0.2.7", "192.0.2.8").await);
    assert!(share_a_quota(24, "192.0.2.7", "192.0.2.8").await);
    assert!(!share_a_quota(24, "192.0.2.7", "192.0.3.7").await);
    for prefix in [24, 32] {
        assert!(share_a_quota(prefix, "2001:db8:0:1::7", "2001:db8:0:1:8::").await);
        assert!(!share_a_quota(prefix, "2001:db8:0:1::7", "2001:db8:0:2::7").await);
    }
}

#[tokio::test]
async fn caller_without_an_address_is_unidentified_under_a_quota() {
    let harness = Harness::new();
    let quota = Some(AddressQuota::new(1));
    let poll = harness
        .create_poll_with(|draft| draft.rules.address_quota = quota)
        .await;
    let refused = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await;
    assert!(
        matches!(
            refused,
            Err(EngineError::Unidentified(IdentifyError::NoAddress))
        ),
        "{refused:?}"
    );
}

/// A quota that was added, narrowed or removed by another instance applies at once, although
/// the cached definition has the old one.
#[tokio::test]
async fn quota_changed_by_another_instance_applies_at_once() {
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
        let harness = Harness::new();
        let poll = harness
            .create_poll_with(|draft| draft.rules.address_quota = before)
            .await;
        harness.engine.definition(poll.id).await.unwrap();
        let change = PollChange {
            address_quota: Some(after),
            ..PollChange::default()
        };
        let changed = harness
            .store
            .change_poll(poll.id, &change, harness.clock.now());
        changed.await.unwrap();
        for (address, full) in ["192.0.2.7", "192.0.2.7", "192.0.2.8"].iter().zip(full) {
            let result = harness
                .engine
                .vote(poll.id, &at(address), first_option(&poll))
                .await;
            assert_eq!(is_quota_refusal(&result), full, "{after:?}: {result:?}");
            assert_eq!(result.is_ok(), !full, "{after:?}: {result:?}");
        }
    }
}

#[tokio::test]
async fn retry_is_replayed_from_another_address() {
    let harness = Harness::new();
    let quota = Some(AddressQuota::new(1));
    let poll = harness
        .create_poll_with(|draft| draft.rules.address_quota = quota)
        .await;
    let voter = at("192.0.2.7");
    let receipt = harness
        .engine
        .vote(poll.id, &voter, first_option(&poll))
        .await;
    let id = receipt.unwrap().ballot;
    let moved = voter.with_address("198.51.100.1".parse().unwrap());
    let again = harness
        .engine
        .cast(poll.id, &moved, id, first_option(&poll))
        .await;
    assert_eq!(
        again.unwrap().outcome,
        VoteOutcome::Replayed { revision: 1 }
    );
    let other = at("198.51.100.1");
    let counted = harness
        .engine
        .vote(poll.id, &other, first_option(&poll))
        .await;
    assert_eq!(
        counted.unwrap().outcome,
        VoteOutcome::Counted { revision: 2 }
    );
}
