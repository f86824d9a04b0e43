use anyhow::Result;

use crate::cargo::{cargo, root, run, workspace};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which figures: memory-engine, sqlite-engine, sqlite-http, viewers, build. Without names all but build, which takes minutes.
    names: Vec<String>,
    /// Measures everything, build too, and puts it down in docs/benchmarks.md.
    #[arg(long, conflicts_with = "names")]
    write: bool,
}

/// `cargo xtask bench`: builds what is measured and what measures, optimized, and runs it.
///
/// # Errors
/// If something does not build, or a figure cannot be taken.
pub(crate) fn task(arguments: &Arguments) -> Result<()> {
    let target = workspace()?.target_directory;
    let program = "votify-bench";
    run(&mut cargo([
        "build",
        "--release",
        "--package",
        "votify-server",
    ]))?;
    run(&mut cargo([
        "build",
        "--release",
        "--package",
        "xtask",
        "--features",
        "bench",
        "--bin",
        program,
    ]))?;
    let release = target.join("release");
    let mut bench = std::process::Command::new(release.join(program));
    bench
        .current_dir(root())
        .arg("--server")
        .arg(release.join("votify"));
    bench.arg("--scratch").arg(target.join("bench"));
    if arguments.write {
        bench.arg("--write").arg("docs/benchmarks.md");
    }
    run(bench.args(&arguments.names))
}
