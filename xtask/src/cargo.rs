use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};

/// Returns the workspace's root folder.
pub(crate) fn root() -> PathBuf {
    // The run-time value is also correct if the tree was moved after xtask was built.
    let manifest_folder = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest_folder
        .parent()
        .map_or(manifest_folder.clone(), Path::to_path_buf)
}

/// Returns a command for the cargo that runs this program, in the workspace's root.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Returns a `git ls-files` command for files that are tracked, or new and not ignored.
pub(crate) fn git_ls_files(pattern: &str) -> Command {
    let mut command = Command::new("git");
    command.current_dir(root());
    command.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    command.arg(pattern);
    command
}

/// Prints `command` to standard error.
pub(crate) fn show(command: &Command) {
    eprintln!("$ {}", shell_words(command));
}

/// Prints `command` and runs it with this program's input and output.
///
/// # Errors
/// Returns an error if the command cannot be started.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    show(command);
    command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// Prints `command`, runs it and requires success.
///
/// # Errors
/// Returns an error if the command cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    ensure!(status.success(), "`{}`: {status}", shell_words(command));
    Ok(())
}

/// Runs `command` and returns its standard output.
///
/// # Errors
/// Returns an error if the command cannot be started, fails, or prints invalid UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    ensure!(
        output.status.success(),
        "`{}`: {}\n{}",
        shell_words(command),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Returns the workspace's packages, without their dependencies.
///
/// # Errors
/// Returns an error if `cargo metadata` fails.
pub(crate) fn workspace() -> Result<Metadata> {
    MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .context("cannot read the workspace's metadata")
}

/// Returns true if a package has a library and may be published.
pub(crate) fn is_published_library(package: &Package) -> bool {
    let is_library = |kind: &TargetKind| *kind == TargetKind::Lib;
    let published = package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty());
    published
        && package
            .targets
            .iter()
            .any(|target| target.kind.iter().any(is_library))
}

/// Returns the command as a user would type it.
fn shell_words(command: &Command) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_libraries_of_this_workspace_are_found() {
        let workspace = workspace().unwrap();
        let packages = workspace.workspace_packages();
        let libraries = packages.into_iter().filter(|one| is_published_library(one));
        let mut names: Vec<_> = libraries.map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "votify",
                "votify-axum",
                "votify-core",
                "votify-kafka",
                "votify-redis",
                "votify-sqlx"
            ]
        );
    }
}
