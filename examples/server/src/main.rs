//! The program `votify`: settings, the crates assembled, and the HTTP server. No voting
//! rule lives here.

mod aggregate;
mod broadcast;
mod cache;
mod cli;
mod error;
#[cfg(feature = "kafka")]
mod kafka_queue;
mod log;
mod migrate;
mod output;
mod queue;
mod rate_limiter;
mod redis_connections;
mod runtime;
mod serve;
mod settings;
mod store;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use cli::{Cli, Command};

// A vote allocates and frees some dozens of small objects on several threads, which
// mimalloc is fast at.
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
    let result = match &cli.command {
        Command::Serve(args) => serve::run(args, of_command),
        Command::Migrate(args) => migrate::run(args, of_command),
        Command::Aggregate(args) => aggregate::run(args, of_command),
        Command::Verify(args) => verify::run(args, of_command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the exit code still reports the failure.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            error.exit_code()
        }
    }
}
