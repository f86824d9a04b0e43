//! Everything that is checked beside tests. Nothing here changes a file of the tree.

mod deny;
mod features;
mod independence;
mod length;

use anyhow::{Result, bail};

use crate::cargo::{cargo, run};

type Check = (&'static str, fn() -> Result<()>);

/// In the order in which a mistake is found soonest.
const CHECKS: &[Check] = &[
    ("format", format),
    ("file length", length::check),
    ("crate independence", independence::check),
    ("licences and sources", deny::check),
    ("lints", lints),
    ("features", features::check),
    ("documentation", documentation),
];

/// `cargo xtask verify`: makes every check, also after one has failed.
///
/// # Errors
/// The names of the checks that failed.
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
        bail!("not right: {}", failed.join(", "));
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

fn documentation() -> Result<()> {
    let mut doc = cargo([
        "doc",
        "--locked",
        "--workspace",
        "--no-deps",
        "--all-features",
        "--document-private-items",
    ]);
    run(doc.env("RUSTDOCFLAGS", "-Dwarnings"))
}
