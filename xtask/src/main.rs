//! The project's own commands: `cargo xtask --help`.

mod bench;
mod cargo;
mod fix;
mod fuzz;
mod python;
mod services;
mod test;
mod types;
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
    /// Finds or starts the database servers for tests, and prints their URLs as shell
    /// exports.
    Services(services::Arguments),
    /// Runs all tests except endurance tests, with all features.
    Test(test::Arguments),
    /// Runs only the endurance tests, which take many minutes.
    Endure(test::EndureArguments),
    /// Checks format, lints, documentation, features and dependencies. Changes no file.
    Verify,
    /// Formats the code and applies the fixes that clippy suggests.
    Fix,
    /// Generates the TypeScript types of the client library from the OpenAPI and the
    /// AsyncAPI document.
    Types,
    /// Sends generated requests to the server, based on its OpenAPI document. Needs
    /// Python.
    Fuzz(fuzz::Arguments),
    /// Runs the benchmarks and prints their figures with a description of this machine.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Services(arguments) => services::task(&arguments).map(|()| ExitCode::SUCCESS),
        Task::Test(arguments) => test::task(&arguments),
        Task::Endure(arguments) => test::endure_task(&arguments),
        Task::Verify => verify::task().map(|()| ExitCode::SUCCESS),
        Task::Types => types::task().map(|()| ExitCode::SUCCESS),
        Task::Fix => fix::task().map(|()| ExitCode::SUCCESS),
        Task::Fuzz(arguments) => fuzz::task(&arguments).map(|()| ExitCode::SUCCESS),
        Task::Bench(arguments) => bench::task(&arguments).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
