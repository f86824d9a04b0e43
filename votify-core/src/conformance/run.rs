use std::future::Future;
use std::time::Duration;

use crate::conformance::case::STORE_CASES;
use crate::conformance::fixture::StoreFixture;

/// How long a case may take before it is taken for one that never ends. Far above what any case needs.
const DEADLOCKED: Duration = Duration::from_secs(300);

/// Runs one case by name, in a runtime of its own with several threads.
///
/// # Panics
/// If the law is broken, or there is no such case.
pub fn check_store(fixture: &dyn StoreFixture, name: &str) {
    let case = STORE_CASES
        .iter()
        .find(|case| case.name == name)
        .expect("there is a case of that name");
    match fixture.unavailable() {
        Some(reason) => eprintln!("skipped {}::{name}: {reason}", case.family),
        None => drive((case.run)(fixture)),
    }
}

fn drive(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        tokio::time::timeout(DEADLOCKED, case)
            .await
            .expect("the case ends: something waits for ever");
    });
}
