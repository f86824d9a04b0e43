use std::env;
use std::process::Stdio;

use anyhow::{Result, bail};

use crate::cargo::{cargo, run};

/// The command that installs cargo-deny. Without optimization, the build takes a quarter
/// of the time, and the result is fast enough.
const INSTALL: &str = "CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo install cargo-deny --locked";

/// Runs cargo-deny with `deny.toml`. Without cargo-deny, prints a warning, and fails in
/// CI.
///
/// # Errors
/// Returns an error if a dependency violates `deny.toml`, or if cargo-deny is missing in
/// CI.
pub(super) fn check() -> Result<()> {
    let mut version = cargo(["deny", "--version"]);
    let installed = version
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?
        .success();
    if installed {
        // Without advisories: their database needs network access, which CI does not
        // have.
        return run(&mut cargo([
            "deny", "--locked", "check", "bans", "licenses", "sources",
        ]));
    }
    if env::var_os("CI").is_some() {
        bail!("cargo-deny is not installed; install it with `{INSTALL}`");
    }
    eprintln!(
        "warning: not checked, because cargo-deny is not installed; install it with\n    {INSTALL}"
    );
    Ok(())
}
