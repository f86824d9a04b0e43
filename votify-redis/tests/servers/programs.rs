use std::env;
use std::path::Path;
use std::process::Command;

use super::shared::{VARIABLE, tell_skip};

/// Whether servers can be started here; tells so if the test is skipped.
///
/// # Panics
/// If they cannot, and tests were told not to skip.
pub(super) fn are_there() -> bool {
    let missing = unavailable();
    if let Some(missing) = &missing {
        tell_skip(missing);
    }
    missing.is_none()
}

/// Why no server can be started here, if so.
///
/// # Panics
/// If none can, and tests were told not to skip.
pub(crate) fn unavailable() -> Option<String> {
    let missing = missing()?;
    assert!(
        env::var_os(VARIABLE).is_none(),
        "{missing}; install redis-server and openssl"
    );
    Some(missing)
}

fn missing() -> Option<String> {
    // Processes are found where Linux shows them.
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
        .map(|(program, _)| format!("no program {program} is installed"))
}

/// Runs it to its end; it must succeed.
pub(super) fn run(command: &mut Command) -> String {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => panic!("{command:?}: {error}"),
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    said
}
