//! Votify as a program: an assembly of the library's crates. No voting rule lives here.

mod cli;
mod failure;
mod settings;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use cli::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match run(&cli.command, matches.subcommand().map_or(&matches, |(_, matches)| matches)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

fn run(command: &Command, matches: &ArgMatches) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => {
            let s = settings::ServeSettings::read(args, &settings::Sources::read(&args.store, matches)?)?;
            println!("{}", s.to_toml()?);
            Ok(())
        }
        _ => Ok(()),
    }
}
