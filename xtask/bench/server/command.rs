//! The command lines of the measured servers.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;
use uuid::Uuid;

/// A server that this program runs in a second process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Votes and a room without a store: the ceiling of other figures.
    Baseline,
    /// One transaction per vote. Its database URL is passed in an environment variable,
    /// because it may contain a password and arguments are visible to all users.
    Naive,
    /// Votify as a library.
    Library,
}

/// `votify serve`, without limits per address and of creating.
pub(super) fn serve(program: &Path) -> Command {
    let mut command = without_settings(program);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command.args(["--vote-rate", "off", "--session-rate", "off"]);
    command.args(["--poll-rate", "off", "--poll-bytes-rate", "off"]);
    command.args(["--owner-poll-rate", "off", "--session-polls", "off"]);
    command.args(["--invite-rate", "off", "--owner-invite-rate", "off"]);
    command.args(["--login-rate", "off", "--register-rate", "off"]);
    command.args(["--streams-per-address", "off"]);
    command
}

/// [`serve`] on the database of this URL, whose schema it creates.
pub(super) fn serve_on(url: &str, secret: &str, program: &Path) -> Command {
    let mut command = serve(program);
    command.arg("--migrate").env("VOTIFY_STORE", url);
    // Only file stores have a secret file.
    command.env("VOTIFY_SECRET", secret);
    command
}

/// Returns a secret for the instances on one database.
pub(super) fn new_secret() -> String {
    Uuid::new_v4().simple().to_string() + &Uuid::new_v4().simple().to_string()
}

/// This program with another role.
pub(super) fn this_program(role: Role) -> Result<Command> {
    let mut command = without_settings(&std::env::current_exe()?);
    let name = role.to_possible_value().context("role without a name")?;
    command.arg("--serve").arg(name.get_name());
    Ok(command)
}

/// Removes the caller's `VOTIFY_*` variables, which would change the measured settings.
fn without_settings(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("VOTIFY_") {
            command.env_remove(name);
        }
    }
    command
}
