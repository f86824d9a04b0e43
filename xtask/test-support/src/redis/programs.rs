use std::env;
use std::path::Path;
use std::process::Command;

use super::shared::VARIABLE;
use crate::skip::report_skip;

/// Returns true if servers can be started here. Reports the skip otherwise.
///
/// # Panics
/// Panics if a program is missing and `VOTIFY_TEST_REDIS_URL` is set.
pub(super) fn are_installed() -> bool {
    let missing = unavailable();
    if let Some(missing) = &missing {
        report_skip(missing);
    }
    missing.is_none()
}

/// Returns the reason if no server can be started here.
///
/// # Panics
/// Panics if a program is missing and `VOTIFY_TEST_REDIS_URL` is set.
#[must_use]
pub fn unavailable() -> Option<String> {
    let missing = missing()?;
    assert!(
        env::var_os(VARIABLE).is_none(),
        "{missing}; install redis-server and openssl"
    );
    Some(missing)
}

fn missing() -> Option<String> {
    // Processes are found through /proc.
    if !Path::new("/proc/self").exists() {
        return Some("private servers need Linux".to_owned());
    }
    let programs = [
        ("redis-server", "--version"),
        ("redis-cli", "--version"),
        ("openssl", "version"),
    ];
    let mut missing = programs
        .into_iter()
        .filter(|(program, argument)| Command::new(program).arg(argument).output().is_err());
    missing
        .next()
        .map(|(program, _)| format!("program {program} is not installed"))
}
