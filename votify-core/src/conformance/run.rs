use std::time::Duration;

use crate::conformance::case::{
    ACCOUNT_STORE_CASES, BROADCASTER_CASES, Case, INVITE_CASES, LIMITER_CASES, STORE_CASES,
};
use crate::conformance::fixture::{
    AccountStoreFixture, BroadcasterFixture, InviteFixture, LimiterFixture, StoreFixture,
};

/// How long a case may take before it is taken for one that never ends. Far above what any case needs.
const DEADLOCKED: Duration = Duration::from_secs(300);

/// Runs one case for stores by name, in a runtime of its own with several threads.
///
/// # Panics
/// If the law is broken, or there is no such case.
pub fn check_store(fixture: &(dyn StoreFixture + 'static), name: &str) {
    check(STORE_CASES, fixture, fixture.unavailable(), name);
}

/// Runs one case for broadcasters by name, in a runtime of its own with several threads.
///
/// # Panics
/// If the law is broken, or there is no such case.
pub fn check_broadcaster(fixture: &(dyn BroadcasterFixture + 'static), name: &str) {
    check(BROADCASTER_CASES, fixture, fixture.unavailable(), name);
}

/// Runs one case for invite stores by name, in a runtime of its own with several threads.
///
/// # Panics
/// If the law is broken, or there is no such case.
pub fn check_invites(fixture: &(dyn InviteFixture + 'static), name: &str) {
    check(INVITE_CASES, fixture, fixture.unavailable(), name);
}

/// Runs one case for limiters by name, in a runtime of its own with several threads.
///
/// # Panics
/// If the law is broken, or there is no such case.
pub fn check_limiter(fixture: &(dyn LimiterFixture + 'static), name: &str) {
    check(LIMITER_CASES, fixture, fixture.unavailable(), name);
}

/// Runs one case for account stores by name, in a runtime of its own with several threads.
///
/// # Panics
/// If the law is broken, or there is no such case.
pub fn check_account_store(fixture: &(dyn AccountStoreFixture + 'static), name: &str) {
    check(ACCOUNT_STORE_CASES, fixture, fixture.unavailable(), name);
}

fn check<F: ?Sized>(cases: &[Case<F>], fixture: &F, unavailable: Option<String>, name: &str) {
    let case = cases
        .iter()
        .find(|case| case.name == name)
        .expect("there is a case of that name");
    if let Some(reason) = unavailable {
        eprintln!("skipped {}::{name}: {reason}", case.family);
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        tokio::time::timeout(DEADLOCKED, (case.run)(fixture))
            .await
            .expect("the case ends: something waits for ever");
    });
}
