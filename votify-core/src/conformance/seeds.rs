//! Random cases that are the same on every store, and some that are new every time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// How many random cases there are, over all fixed seeds; a new seed runs a quarter of that.
const CASES: &str = "VOTIFY_CONFORMANCE_CASES";
/// A seed to run instead of all others.
const SEED: &str = "VOTIFY_CONFORMANCE_SEED";
/// The same on every store.
const FIXED: [u64; 4] = [1, 2, 3, 4];
/// How long one random case may take before it is taken for one that never ends.
const DEADLOCKED: Duration = Duration::from_secs(60);

fn setting<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    let Ok(value) = text.parse() else {
        panic!("{name} must be a whole number, not {text:?}");
    };
    Some(value)
}

/// Checks as many random values as the environment asks for, a quarter of them for each fixed seed and for a new one.
///
/// The check is run again on smaller values once it failed. Needs a runtime with several threads.
///
/// # Panics
/// With the smallest value found that fails, its reason, and its seed.
pub(crate) fn check_random<S>(strategy: &S, check: impl AsyncFn(S::Value) -> Result<(), String>)
where
    S: Strategy<Value: fmt::Debug>,
{
    let cases = setting::<u32>(CASES).unwrap_or(64).div_ceil(4);
    let new = u64::from(uuid::Uuid::new_v4().as_fields().0);
    let seeds = match setting(SEED) {
        Some(seed) => vec![seed],
        None => FIXED.into_iter().chain([new]).collect(),
    };
    for seed in seeds {
        let config = Config {
            cases,
            failure_persistence: None,
            max_shrink_iters: 2_000,
            ..Config::default()
        };
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let outcome = TestRunner::new_with_rng(config, rng).run(strategy, |value| {
            let checked = tokio::time::timeout(DEADLOCKED, check(value));
            let checked =
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(checked));
            checked
                .unwrap_or_else(|_| Err("it waits for ever".into()))
                .map_err(TestCaseError::fail)
        });
        match outcome {
            Ok(()) => {}
            Err(TestError::Fail(reason, value)) => panic!(
                "{reason}\nby this, the smallest found (again with {SEED}={seed} {CASES}={}):\n{value:#?}",
                4 * cases
            ),
            Err(TestError::Abort(reason)) => panic!("gave up: {reason}"),
        }
    }
}

/// Says what differs, if anything does.
pub(crate) fn same<T: PartialEq + fmt::Debug>(
    what: impl fmt::Display,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}\n   found {found:?}\nexpected {expected:?}"))
}
