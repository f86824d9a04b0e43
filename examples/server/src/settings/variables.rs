//! The environment variables that start with `VOTIFY_`.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};

use clap::{Command, CommandFactory};

use crate::cli::Cli;

/// The only setting without a flag.
const SECRET: &str = "VOTIFY_SECRET";

/// Warns about variables that look like settings and are none, such as misspelt ones. Never
/// logs a value.
pub(crate) fn warn_unknown() {
    let names = std::env::vars_os().map(|(name, _)| name);
    for variable in unknown(&Cli::command(), names) {
        tracing::warn!(
            variable,
            "the environment variable is not a setting and has no effect: remove it or correct \
             its name; `votify serve --help` lists the settings"
        );
    }
}

/// Returns the names that start with `VOTIFY_` and belong to no setting of any command, in
/// their order.
fn unknown(program: &Command, names: impl Iterator<Item = OsString>) -> Vec<String> {
    let commands = std::iter::once(program).chain(program.get_subcommands());
    let known: HashSet<&OsStr> = commands
        .flat_map(Command::get_arguments)
        .filter_map(clap::Arg::get_env)
        .chain([OsStr::new(SECRET)])
        .collect();
    let names = names.filter(|name| !known.contains(name.as_os_str()));
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("VOTIFY_") && !is_of_kubernetes(name))
        .collect();
    names.sort_unstable();
    names
}

/// Returns true for the variables that Kubernetes sets for a service named `votify`.
fn is_of_kubernetes(name: &str) -> bool {
    name == "VOTIFY_PORT"
        || ["VOTIFY_PORT_", "VOTIFY_SERVICE_HOST", "VOTIFY_SERVICE_PORT"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_misspelt_settings_are_unknown() {
        let names = [
            "PATH",
            "RUST_LOG",
            "VOTIFY_CONFIG",
            "VOTIFY_VOTE_RATE",
            "VOTIFY_VOTE_RATES",
            "VOTIFY_SECRET",
            "VOTIFY_SECRETS",
            "votify_store",
            "VOTIFY_PORT",
            "VOTIFY_PORT_8080_TCP_ADDR",
            "VOTIFY_SERVICE_HOST",
            "VOTIFY_SERVICE_PORT_HTTP",
            "VOTIFY_",
        ];
        let names = names.into_iter().map(OsString::from);
        let found = unknown(&Cli::command(), names);
        assert_eq!(found, ["VOTIFY_", "VOTIFY_SECRETS", "VOTIFY_VOTE_RATES"]);
    }
}
