use anyhow::Result;

use crate::cargo::{cargo, run};

/// `cargo xtask fix`
///
/// # Errors
/// If clippy or rustfmt fails.
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
