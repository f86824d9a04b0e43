//! Runs random cases with fixed seeds and with a new one.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Sets the number of random cases over all fixed seeds. The new seed runs a quarter of
/// them in addition.
const CASES_VARIABLE: &str = "VOTIFY_CONFORMANCE_CASES";
/// Sets the only seed to run.
const SEED_VARIABLE: &str = "VOTIFY_CONFORMANCE_SEED";
const FIXED_SEEDS: [u64; 4] = [1, 2, 3, 4];
/// A random case that runs longer counts as deadlocked.
const TIMEOUT: Duration = Duration::from_secs(60);

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    let Ok(value) = text.parse() else {
        panic!("{name} must be a whole number, but it is {text:?}");
    };
    Some(value)
}

/// Checks random values: a quarter of the configured number for each fixed seed and for a
/// new one.
///
/// Shrinks a failing value by checking smaller ones. Requires a runtime with several
/// threads.
///
/// # Panics
/// If a check fails. The message has the smallest failing value found, its error and its
/// seed.
pub(crate) fn check_random<S>(strategy: &S, check: impl AsyncFn(S::Value) -> Result<(), String>)
where
    S: Strategy<Value: fmt::Debug>,
{
    let cases = variable::<u32>(CASES_VARIABLE).unwrap_or(64).div_ceil(4);
    let new = u64::from(uuid::Uuid::new_v4().as_fields().0);
    let seeds = match variable(SEED_VARIABLE) {
        Some(seed) => vec![seed],
        None => FIXED_SEEDS.into_iter().chain([new]).collect(),
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
            let checked = tokio::time::timeout(TIMEOUT, check(value));
            let checked =
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(checked));
            checked
                .unwrap_or_else(|_| Err("the case did not end within a minute".into()))
                .map_err(TestCaseError::fail)
        });
        match outcome {
            Ok(()) => {}
            Err(TestError::Fail(reason, value)) => panic!(
                "{reason}\nsmallest failing input (reproduce it with {SEED_VARIABLE}={seed} \
                 {CASES_VARIABLE}={}):\n{value:#?}",
                4 * cases
            ),
            Err(TestError::Abort(reason)) => panic!("too many inputs were rejected: {reason}"),
        }
    }
}

/// Returns an error that describes the difference if the values differ.
pub(crate) fn check_equal<T: PartialEq + fmt::Debug>(
    subject: impl fmt::Display,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "{subject}\n   found {found:?}\nexpected {expected:?}"
    ))
}
