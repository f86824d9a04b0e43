//! `cargo xtask fuzz`: schemathesis sends requests to the server, which it generates from
//! the OpenAPI document.

mod python;
mod server;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::cargo::{cargo, run, workspace};
use python::Schemathesis;
use server::{Owner, Server};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Maximum number of requests per operation and round. There are two rounds. The
    /// default makes more than 10 000 requests in total.
    #[arg(long, default_value_t = 500)]
    each: u32,
    /// Seed of the random number generator. The same seed repeats a run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A response must be no server error and must conform to the document.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// Runs `cargo xtask fuzz`.
///
/// The first round uses mostly unknown ids. The second round acts as the logged-in owner of
/// an existing poll, and leaves out the operations that end the poll or the login. Both
/// rounds leave out streams, which only their client ends. The forms of the pages are not in
/// the document; the tests of votify-axum send random ones.
///
/// # Errors
/// Returns an error if Python is missing, schemathesis cannot be installed, the server
/// does not start or ends, or a response fails a check.
pub(crate) fn task(arguments: &Arguments) -> Result<()> {
    let target = workspace()?.target_directory.into_std_path_buf();
    let schemathesis = Schemathesis::find_or_install(&target.join("schemathesis"))?;
    run(&mut cargo(["build", "--package", "votify-server"]))?;
    let server = Server::start(&target.join("debug").join("votify"))?;
    let folder = target.join("fuzz");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let anonymous = folder.join("anonymous.toml");
    fs::write(&anonymous, "")?;
    let owner = folder.join("owner.toml");
    let Owner {
        poll,
        join_code,
        invite,
        cookies,
    } = server.create_poll()?;
    let parameters = [
        ("path.id", poll),
        ("path.code", join_code),
        ("query.invite", invite),
    ];
    let parameters = parameters.map(|(name, value)| format!("\"{name}\" = \"{value}\"\n"));
    fs::write(&owner, format!("[parameters]\n{}", parameters.concat()))?;
    let cookies = format!("Cookie: {cookies}");
    // With the owner's cookies, a request is authenticated whatever its other headers are.
    let ignored_auth = format!("{CHECKS},ignored_auth");
    let rounds: [(&Path, &str, &[&str]); 2] = [
        (
            &anonymous,
            &ignored_auth,
            &["--exclude-path-regex", "/stream$"],
        ),
        (
            &owner,
            CHECKS,
            &[
                "--exclude-path-regex",
                "/(stream|close)$",
                "--exclude-operation-id",
                "delete_poll",
                "--exclude-operation-id",
                "logout",
                "--header",
                &cookies,
            ],
        ),
    ];
    let mut failed = 0;
    for (config, checks, selection) in rounds {
        let mut round = schemathesis.command(config, &server.url());
        round.args(["--checks", checks, "--continue-on-failure"]);
        round.args(["--phases", "examples,coverage,fuzzing"]);
        round.args(["--max-examples", &arguments.each.to_string()]);
        round.args(["--seed", &arguments.seed.to_string()]);
        round.args(selection).current_dir(&folder);
        let status = round.status().context("cannot start schemathesis")?;
        failed += u32::from(!status.success());
    }
    ensure!(server.is_running()?, "the server ended during the run");
    ensure!(failed == 0, "{failed} of 2 rounds found wrong responses");
    Ok(())
}
