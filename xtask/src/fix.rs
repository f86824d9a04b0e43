use anyhow::Result;

use crate::cargo::{cargo, run};

/// Runs `cargo xtask fix`.
///
/// # Errors
/// Returns an error if clippy or rustfmt fails. Their output names the cause.
pub(crate) fn task() -> Result<()> {
    run(&mut cargo([
        "clippy",
        "--fix",
        "--allow-dirty",
        "--allow-staged",
        "--workspace",
        "--all-targets",
        "--all-features",
    ]))?;
    run(&mut cargo(["fmt", "--all"]))
}
