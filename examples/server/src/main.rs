//! Votify as a program: an assembly of the library's crates. No voting rule lives here.

mod broadcast;
mod cache;
mod cli;
mod failure;
mod limiter;
mod log;
mod migrate;
mod output;
mod redis;
mod runtime;
mod serve;
mod settings;
mod store;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use cli::{Cli, Command};

/// A vote makes and drops some dozens of small things on several threads; this allocator is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let of_command = matches
        .subcommand()
        .map_or(&matches, |(_, of_command)| of_command);
    let done = match &cli.command {
        Command::Serve(args) => serve::run(args, of_command),
        Command::Migrate(args) => migrate::run(args, of_command),
        Command::Verify(args) => verify::run(args, of_command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            failure.exit_code()
        }
    }
}
