use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand};

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    // Cargo tells at run time too, which is right for a program that was built before the tree was moved.
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or(own.clone(), Path::to_path_buf)
}

/// The cargo that runs this program, in the workspace's root.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Runs `command` with this program's own input and output, after showing it.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    eprintln!("$ {}", shown(command));
    command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// As [`status`], and it must succeed.
///
/// # Errors
/// If it cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    ensure!(status.success(), "`{}`: {status}", shown(command));
    Ok(())
}

/// What `command` prints; it must succeed.
///
/// # Errors
/// If it cannot be started, fails, or prints something else than text.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    ensure!(
        output.status.success(),
        "`{}`: {}\n{}",
        shown(command),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// The workspace's packages, without their dependencies.
///
/// # Errors
/// If cargo cannot read the workspace.
pub(crate) fn workspace() -> Result<Metadata> {
    MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .context("cannot read the workspace")
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = program.file_name().into_iter().chain(command.get_args());
    words
        .map(|word| match word.to_string_lossy() {
            word if word.contains([' ', '\'', '"']) => format!("{word:?}"),
            word => word.into_owned(),
        })
        .collect::<Vec<_>>()
        .join(" ")
}
