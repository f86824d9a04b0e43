//! The project's own commands: `cargo xtask --help`.

mod bench;
mod cargo;
mod fix;
mod fuzz;
mod services;
mod suite;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Finds the database servers for tests, or starts them, and prints their URLs as shell exports.
    Services(services::Arguments),
    /// Runs every test of the workspace, with all features.
    Test(suite::Arguments),
    /// Checks everything but tests: format, lints, docs, features, dependencies. Changes no file of the tree.
    Verify,
    /// Formats the code, and repairs what clippy can.
    Fix,
    /// Sends the built server requests made out of its OpenAPI document; needs Python.
    Fuzz(fuzz::Arguments),
    /// Measures how fast it is, and prints the figures with this machine's description.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Services(arguments) => services::task(&arguments).map(|()| ExitCode::SUCCESS),
        Task::Test(arguments) => suite::task(&arguments),
        Task::Verify => verify::task().map(|()| ExitCode::SUCCESS),
        Task::Fix => fix::task().map(|()| ExitCode::SUCCESS),
        Task::Fuzz(arguments) => fuzz::task(&arguments).map(|()| ExitCode::SUCCESS),
        Task::Bench(arguments) => bench::task(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
