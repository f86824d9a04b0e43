//! All checks except tests. None of them changes a file.

mod asyncapi;
mod deny;
mod dependency_rules;
mod docs;
mod features;
mod file_length;
mod metadata;
mod npm;
mod typescript;

use anyhow::{Result, bail};

use crate::cargo::{cargo, run};
use crate::types;

type Check = (&'static str, fn() -> Result<()>);

/// Fast checks come first.
const CHECKS: &[Check] = &[
    ("format", format),
    ("file length", file_length::check),
    ("links between documents", docs::check_links),
    ("names of tests in CONTRIBUTING.md", docs::check_test_names),
    ("package metadata", metadata::check),
    ("dependency rules", dependency_rules::check),
    ("AsyncAPI document", asyncapi::check),
    ("TypeScript types of the documents", types::check),
    ("TypeScript types of the client library", typescript::check),
    ("licenses and sources", deny::check),
    ("lints", lints),
    ("features", features::check),
    ("documentation", docs::check_rustdoc),
];

/// Runs `cargo xtask verify`: all checks, even after one has failed.
///
/// # Errors
/// Returns an error that names the failed checks.
pub(crate) fn task() -> Result<()> {
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        eprintln!("\n== {name}");
        if let Err(error) = check() {
            eprintln!("{name}: {error:#}");
            failed.push(*name);
        }
    }
    if !failed.is_empty() {
        bail!("failed checks: {}", failed.join(", "));
    }
    eprintln!("\nverified: {} checks", CHECKS.len());
    Ok(())
}

fn format() -> Result<()> {
    run(&mut cargo(["fmt", "--all", "--check"]))
}

fn lints() -> Result<()> {
    run(&mut cargo([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-Dwarnings",
    ]))
}
