use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::cargo::{cargo, output, status};
use crate::services::{self, SERVICES, programs};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// For `cargo test`: a filter, `-p`, `--test`, and after another `--` for the test programs.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// `cargo xtask test`
///
/// # Errors
/// If a server that tests need is neither there nor can be started, its programs are missing, or cargo cannot be started.
pub(crate) fn task(arguments: &Arguments) -> Result<ExitCode> {
    let mut urls = Vec::new();
    let (needed, others): (Vec<_>, Vec<_>) = SERVICES.iter().partition(|one| one.needed_by_tests);
    for service in needed {
        // Before its server: installing starts one on the usual port, on Debian.
        services::find_or_install(service)?;
        let url = services::find_or_start(service)?;
        eprintln!("{}: {url}", service.name);
        urls.push((service.variable, url));
    }
    let found = programs::OTHERS.find_or_install();
    found.context("tests run several instances of the server behind one address")?;
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|service| service.name).collect();
        eprintln!("no test needs a server of these yet: {}", names.join(", "));
    }
    let mut worst = 0;
    for mut run in runs(&arguments.rest, has_nextest()) {
        run.envs(urls.iter().map(|(variable, url)| (variable, url.as_str())));
        let code = status(&mut run)?.code().unwrap_or(1);
        worst = worst.max(u8::try_from(code).unwrap_or(1));
    }
    Ok(ExitCode::from(worst))
}

/// What runs the tests, in this order.
///
/// `cargo nextest`, where it is installed, runs tests of all programs side by side, as many of each kind as
/// `.config/nextest.toml` allows; it does not know the examples in documentation. Who asks for certain tests asks
/// `cargo test`, which is also there where nothing else is.
fn runs(rest: &[String], has_nextest: bool) -> Vec<Command> {
    let all = ["--workspace", "--all-features", "--no-fail-fast"];
    if has_nextest && rest.is_empty() {
        let mut examples = cargo(["test", "--doc"]);
        examples.args(all);
        let mut tests = cargo(["nextest", "run"]);
        tests.args(all);
        return vec![examples, tests];
    }
    let mut test = cargo(["test"]);
    test.args(all).args(rest);
    vec![test]
}

fn has_nextest() -> bool {
    output(&mut cargo(["nextest", "--version"])).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(runs: &[Command]) -> Vec<String> {
        let words = |run: &Command| {
            let words: Vec<_> = run.get_args().map(|word| word.to_string_lossy()).collect();
            words.join(" ")
        };
        runs.iter().map(words).collect()
    }

    #[test]
    fn every_kind_of_test_runs_whichever_runner_there_is() {
        let all = "--workspace --all-features --no-fail-fast";
        assert_eq!(told(&runs(&[], false)), [format!("test {all}")]);
        let both = [format!("test --doc {all}"), format!("nextest run {all}")];
        assert_eq!(told(&runs(&[], true)), both);
    }

    #[test]
    fn who_asks_for_certain_tests_asks_cargo() {
        let rest = ["-p".to_owned(), "votify-core".to_owned()];
        let told = told(&runs(&rest, true));
        let asked = "test --workspace --all-features --no-fail-fast -p votify-core";
        assert_eq!(told, [asked]);
    }
}
