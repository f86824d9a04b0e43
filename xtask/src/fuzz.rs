//! `cargo xtask fuzz`: requests that schemathesis makes out of the OpenAPI document, against the built server.

mod python;
mod server;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::cargo::{cargo, run, workspace};
use python::Schemathesis;
use server::{Poll, Server};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many requests are made of each call, at most, in each of the two rounds; with the default more than 10 000 in all.
    #[arg(long, default_value_t = 500)]
    each: u32,
    /// What chance begins with, to see again what was seen.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What an answer must not be: a failure of ours, or anything that the document does not tell of.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,ignored_auth";

/// `cargo xtask fuzz`
///
/// One round with ids that lead nowhere for the most part, one by the owner of a poll that exists. Streams are left out: they
/// end only with their client. So are the calls that end the poll, in the second round.
///
/// # Errors
/// If Python is missing, schemathesis cannot be installed, the server does not start, or an answer was wrong.
pub(crate) fn task(arguments: &Arguments) -> Result<()> {
    let target = workspace()?.target_directory.into_std_path_buf();
    let schemathesis = Schemathesis::find_or_install(&target.join("schemathesis"))?;
    run(&mut cargo(["build", "--package", "votify-server"]))?;
    let server = Server::start(&target.join("debug").join("votify"))?;
    let folder = target.join("fuzz");
    fs::create_dir_all(&folder).context("cannot make a folder for schemathesis")?;
    let strangers = folder.join("strangers.toml");
    fs::write(&strangers, "")?;
    let owner = folder.join("owner.toml");
    let Poll { id, cookie } = server.make_poll()?;
    fs::write(&owner, format!("[parameters]\n\"path.id\" = \"{id}\"\n"))?;
    let cookie = format!("Cookie: {cookie}");
    let rounds: [(&Path, &[&str]); 2] = [
        (&strangers, &["--exclude-path-regex", "/stream$"]),
        (
            &owner,
            &[
                "--exclude-path-regex",
                "/(stream|close)$",
                "--exclude-operation-id",
                "delete_poll",
                "--header",
                &cookie,
            ],
        ),
    ];
    let mut failed = 0;
    for (config, narrowed) in rounds {
        let mut round = schemathesis.command(config, &server.url());
        round.args(["--checks", CHECKS, "--continue-on-failure"]);
        round.args(["--phases", "examples,coverage,fuzzing"]);
        round.args(["--max-examples", &arguments.each.to_string()]);
        round.args(["--seed", &arguments.seed.to_string()]);
        round.args(narrowed).current_dir(&folder);
        let status = round.status().context("cannot start schemathesis")?;
        failed += u32::from(!status.success());
    }
    ensure!(server.is_running()?, "the server ended");
    ensure!(failed == 0, "{failed} of 2 rounds found wrong answers");
    Ok(())
}
