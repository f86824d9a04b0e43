//! The test tiers: `cargo xtask test`, `cargo xtask test --quick` and
//! `cargo xtask endure`.

mod browser;
mod budget;
mod junit;
mod nextest;
mod runner;
mod tier;

use std::process::{ExitCode, ExitStatus};

use anyhow::{Context, Result};

use crate::cargo::status;
use crate::services::{self, SERVICES, programs};
use tier::Tier;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Skips the fleet, the browser tests and the tests that start servers of their own.
    /// Takes about two minutes.
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    runner: RunnerArguments,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EndureArguments {
    #[command(flatten)]
    runner: RunnerArguments,
}

#[derive(Debug, clap::Args)]
struct RunnerArguments {
    /// Arguments for `cargo nextest run`: part of a test's name, `-p`, `-E` and others.
    ///
    /// They select among the tests of this command. Documentation examples run only
    /// without them. If cargo-nextest is not installed, the arguments are passed to
    /// `cargo test`.
    #[arg(
        value_name = "RUNNER ARGUMENTS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    rest: Vec<String>,
}

/// Runs `cargo xtask test`.
///
/// # Errors
/// Returns an error if a database server can neither be found nor started, if a program
/// that tests start is missing, or if cargo cannot be started. The message says what to
/// install.
pub(crate) fn task(arguments: &Arguments) -> Result<ExitCode> {
    let tier = if arguments.quick {
        Tier::Quick
    } else {
        Tier::Full
    };
    run(tier, &arguments.runner.rest)
}

/// Runs `cargo xtask endure`.
///
/// # Errors
/// Returns the same errors as [`task`].
pub(crate) fn endure_task(arguments: &EndureArguments) -> Result<ExitCode> {
    run(Tier::Endurance, &arguments.runner.rest)
}

fn run(tier: Tier, rest: &[String]) -> Result<ExitCode> {
    let mut variables = Vec::new();
    for service in SERVICES {
        if tier.starts_servers() {
            // Programs come first: on Debian, a package starts a server on the default
            // port.
            services::find_or_install(service)?;
        }
        let url = services::find_or_start(service)?;
        variables.push((service.variable, url.to_string()));
    }
    if tier == Tier::Endurance {
        let broker = services::kafka::durable_broker()?;
        variables.push(("VOTIFY_TEST_TANSU", broker.display().to_string()));
    }
    if tier.starts_servers() {
        programs::PROXY
            .find_or_install()
            .context("fleet tests run several instances of the server behind a proxy")?;
    }
    if tier.runs_scripts() {
        // Tests of the client library need no packages.
        browser::find_or_install_node()?;
        programs::PROXY
            .find_or_install()
            .context("tests of the client library connect through a proxy")?;
    }
    if tier.starts_browsers() {
        browser::find_or_install().context("browser tests need more than Rust")?;
    }
    if !runner::has_nextest() {
        eprintln!("cargo-nextest is not installed: running `cargo test`, without a time report");
        let status = status(runner::cargo_test(tier, rest).envs(variables))?;
        return Ok(exit_code(status));
    }
    if !rest.is_empty() {
        let status = status(runner::nextest(tier, rest).envs(variables))?;
        return Ok(exit_code(status));
    }
    let doctests_passed =
        !tier.includes_doctests() || status(runner::doctests().envs(variables.clone()))?.success();
    let notice = if doctests_passed {
        ""
    } else {
        "\ndocumentation examples failed; their output precedes that of the tests\n"
    };
    let mut command = runner::nextest(tier, rest);
    let status = nextest::run_with_report(command.envs(variables), tier, notice)?;
    if status.success() && !doctests_passed {
        return Ok(ExitCode::FAILURE);
    }
    Ok(exit_code(status))
}

/// Returns the exit code of a process, or 1 if a signal ended it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(1))
}
