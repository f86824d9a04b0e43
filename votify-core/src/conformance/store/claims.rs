//! Claims of sessions by accounts, and the server's clock.

use std::sync::Arc;

use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::harness::Harness;
use crate::store::{MAX_CLAIMS, Store};
use crate::time::{Clock, SystemClock};
use crate::voter::OwnerId;

/// The number of claims recorded concurrently. One after the other, [`MAX_CLAIMS`] of
/// them would take long on a store whose commits wait for a disk.
const CONCURRENT_CLAIMS: usize = 50;

/// Returns the owner id with this number.
fn owner(number: u16) -> OwnerId {
    let mut bytes = [0xC3; 16];
    bytes[14..].copy_from_slice(&number.to_be_bytes());
    OwnerId::from_bytes(bytes)
}

async fn claimed(store: &dyn Store, accounts: &[OwnerId]) -> Vec<OwnerId> {
    let claimed = store.claimed_owners(accounts).await;
    let mut claimed = claimed.expect("claimed_owners succeeds");
    claimed.sort_unstable_by_key(|owner| *owner.as_bytes());
    claimed
}

/// An account may claim several sessions, and several accounts the same one. Repeating a
/// claim changes nothing. Claims survive reopening.
pub async fn claims_are_read_as_recorded(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (alice, bob, carol) = (owner(900), owner(901), owner(902));
    let store = harness.store();
    for (account, session) in [(alice, 1), (alice, 2), (bob, 2), (alice, 1), (bob, 3)] {
        let recorded = store.claim_owner(account, owner(session)).await;
        assert!(recorded.expect("claim_owner succeeds"));
    }
    let expected: [(&[OwnerId], &[u16]); 5] = [
        (&[], &[]),
        (&[alice], &[1, 2]),
        (&[bob], &[2, 3]),
        (&[carol], &[]),
        (&[carol, bob, alice, bob], &[1, 2, 3]),
    ];
    for (accounts, sessions) in expected {
        let mut found = claimed(&*store, accounts).await;
        found.dedup();
        let sessions: Vec<_> = sessions.iter().map(|number| owner(*number)).collect();
        assert_eq!(found, sessions);
    }
    assert_eq!(claimed(&*store, &[owner(1)]).await, []);
    drop(store);
    if let Some(reopened) = harness.reopen().await {
        let found = claimed(&*reopened.store(), &[alice]).await;
        assert_eq!(found, [owner(1), owner(2)]);
    }
}

/// An account may claim at most `MAX_CLAIMS` sessions. A claim over the limit changes
/// nothing, and repeating an earlier claim succeeds.
pub async fn claims_are_bounded(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (store, alice) = (harness.store(), owner(60_000));
    let max = u16::try_from(MAX_CLAIMS).expect("a small limit");
    let sessions: Vec<u16> = (0..max).collect();
    for sessions in sessions.chunks(CONCURRENT_CLAIMS) {
        let claims = sessions.iter().map(|session| {
            let (store, session) = (Arc::clone(&store), owner(*session));
            async move { store.claim_owner(alice, session).await }
        });
        for recorded in run_concurrently(claims.collect()).await {
            assert!(recorded.expect("claim_owner succeeds"));
        }
    }
    for (account, session, expected) in [
        (alice, max, false),
        (alice, 7, true),
        (owner(60_001), max, true),
    ] {
        let recorded = store.claim_owner(account, owner(session)).await;
        assert_eq!(recorded.expect("claim_owner succeeds"), expected);
    }
    let found = claimed(&*store, &[alice]).await;
    assert_eq!(found.len(), MAX_CLAIMS);
    assert!(!found.contains(&owner(max)));
}

/// The server's time, if it has a clock, differs by less than a minute from this machine's.
pub async fn server_time_is_the_current_time(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let before = SystemClock.now();
    let server_time = harness.store().server_time().await;
    let Some(server_time) = server_time.expect("server_time succeeds") else {
        return;
    };
    let difference = server_time.as_micros().abs_diff(before.as_micros());
    assert!(difference < 60_000_000, "{server_time} and {before}");
}
