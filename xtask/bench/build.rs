use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::report::{Figure, Row};

/// # Errors
/// If the server does not build.
pub(crate) fn measure(scratch: &Path) -> Result<Figure> {
    // What is to be downloaded is not what is measured.
    run(Command::new("cargo").args(["fetch", "--locked"]))?;
    let target = TempDir::new_in(scratch)?;
    let start = Instant::now();
    let mut build = Command::new("cargo");
    build.args([
        "build",
        "--locked",
        "--release",
        "--package",
        "votify-server",
        "--target-dir",
    ]);
    run(build.arg(target.path()))?;
    let rows = vec![Row::new(
        "clean build",
        "s",
        vec![start.elapsed().as_secs_f64()],
    )];
    let about =
        "`cargo build --release -p votify-server` into an empty folder, with all sources at hand."
            .to_owned();
    Ok(Figure {
        name: "build",
        about,
        rows,
    })
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
