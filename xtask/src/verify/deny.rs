use std::env;
use std::process::Stdio;

use anyhow::{Result, bail};

use crate::cargo::{cargo, run};

/// How to get it; without optimization it is built in a quarter of the time, and is fast enough.
const INSTALL: &str = "CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo install cargo-deny --locked";

/// Runs cargo-deny on `deny.toml`. Where that is not installed, CI fails and a person is told.
///
/// # Errors
/// If a dependency is not as `deny.toml` wants it, or CI has no cargo-deny.
pub(super) fn check() -> Result<()> {
    let mut version = cargo(["deny", "--version"]);
    let installed = version
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?
        .success();
    if installed {
        // Advisories are left to who can reach their database.
        return run(&mut cargo([
            "deny", "--locked", "check", "bans", "licenses", "sources",
        ]));
    }
    if env::var_os("CI").is_some() {
        bail!("cargo-deny is not installed: {INSTALL}");
    }
    eprintln!(
        "WARNING: NOT CHECKED, because cargo-deny is not installed. To install it:\n    {INSTALL}"
    );
    Ok(())
}
