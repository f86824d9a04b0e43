use std::time::Duration;

use crate::conformance::case::{
    ACCOUNT_STORE_CASES, BROADCASTER_CASES, Case, INVITE_CASES, LIMITER_CASES, QUEUE_CASES,
    STORE_CASES,
};
use crate::conformance::fixture::{
    AccountStoreFixture, BroadcasterFixture, LimiterFixture, QueueFixture, StoreFixture,
};

/// A case that runs longer counts as deadlocked. No case takes a tenth of it.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Checks a store with the case of this name, in a runtime of its own with several
/// threads.
///
/// # Panics
/// If the law is broken, or if there is no such case.
pub fn check_store(fixture: &(dyn StoreFixture + 'static), name: &str) {
    check(STORE_CASES, fixture, fixture.unavailable(), name);
}

/// Checks a broadcaster with the case of this name, in a runtime of its own with several
/// threads.
///
/// # Panics
/// If the law is broken, or if there is no such case.
pub fn check_broadcaster(fixture: &(dyn BroadcasterFixture + 'static), name: &str) {
    check(BROADCASTER_CASES, fixture, fixture.unavailable(), name);
}

/// Checks an invite store with the case of this name, in a runtime of its own with several
/// threads.
///
/// # Panics
/// If the law is broken, or if there is no such case.
pub fn check_invites(fixture: &(dyn StoreFixture + 'static), name: &str) {
    check(INVITE_CASES, fixture, fixture.unavailable(), name);
}

/// Checks a rate limiter with the case of this name, in a runtime of its own with several
/// threads.
///
/// # Panics
/// If the law is broken, or if there is no such case.
pub fn check_limiter(fixture: &(dyn LimiterFixture + 'static), name: &str) {
    check(LIMITER_CASES, fixture, fixture.unavailable(), name);
}

/// Checks a queue with the case of this name, in a runtime of its own with several threads.
///
/// # Panics
/// If the law is broken, or if there is no such case.
pub fn check_queue(fixture: &(dyn QueueFixture + 'static), name: &str) {
    check(QUEUE_CASES, fixture, fixture.unavailable(), name);
}

/// Checks an account store with the case of this name, in a runtime of its own with several
/// threads.
///
/// # Panics
/// If the law is broken, or if there is no such case.
pub fn check_account_store(fixture: &(dyn AccountStoreFixture + 'static), name: &str) {
    check(ACCOUNT_STORE_CASES, fixture, fixture.unavailable(), name);
}

fn check<F: ?Sized>(cases: &[Case<F>], fixture: &F, unavailable: Option<String>, name: &str) {
    let case = cases
        .iter()
        .find(|case| case.name == name)
        .unwrap_or_else(|| panic!("there is no case named {name}"));
    if let Some(reason) = unavailable {
        eprintln!("skipped {}::{name}: {reason}", case.family);
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("the runtime starts");
    runtime.block_on(async {
        tokio::time::timeout(TIMEOUT, (case.run)(fixture))
            .await
            .expect("the case ends within five minutes");
    });
}
