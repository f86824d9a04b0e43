use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cargo::{cargo, status};
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
    let mut test = cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    test.args(&arguments.rest);
    let (needed, others): (Vec<_>, Vec<_>) = SERVICES.iter().partition(|one| one.needed_by_tests);
    for service in needed {
        // Before its server: installing starts one on the usual port, on Debian.
        services::find_or_install(service)?;
        let url = services::find_or_start(service)?;
        eprintln!("{}: {url}", service.name);
        test.env(service.variable, url.as_str());
    }
    let found = programs::OTHERS.find_or_install();
    found.context("tests run several instances of the server behind one address")?;
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|service| service.name).collect();
        eprintln!("no test needs a server of these yet: {}", names.join(", "));
    }
    let status = status(&mut test)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
