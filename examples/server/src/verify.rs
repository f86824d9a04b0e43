use std::time::Duration;

use clap::ArgMatches;
use votify_core::engine::EngineConfig;
use votify_core::store::Audit;
use votify_core::{Caller, EngineError, Keyring, PollEngine, PollId, Tally};

use crate::cli::VerifyArgs;
use crate::error::CliError;
use crate::settings::{Sources, StoreSettings};
use crate::store::{self, OpenedStore};
use crate::{log, output, runtime};

/// Recounting a large poll may take much longer than a vote.
const STORE_TIMEOUT: Duration = Duration::from_secs(3600);

/// Runs `votify verify`.
pub(crate) fn run(args: &VerifyArgs, matches: &ArgMatches) -> Result<(), CliError> {
    let settings = StoreSettings::read(&args.store, &Sources::read(&args.store, matches)?)?;
    log::start(&settings.log)?;
    match settings.store.file() {
        None if !settings.store.is_server() => {
            return Err(CliError::usage(
                "--store: must name a database; a store in memory ends with its server",
            ));
        }
        Some(file) if !file.exists() => {
            return Err(CliError::failed(format!(
                "--store: no such file: {}",
                file.display()
            )));
        }
        _ => {}
    }
    runtime::run(async {
        let config = EngineConfig {
            store_timeout: STORE_TIMEOUT,
            ..EngineConfig::default()
        };
        let store = OpenedStore::open(&settings.store).await?;
        // The command creates no poll and identifies no voter, so any key works.
        let engine = PollEngine::builder(store.shared())
            .config(config)
            .keyring(Keyring::ephemeral())
            .build();
        let verified = verify(&engine, args).await;
        engine.shutdown().await;
        store.close().await;
        verified
    })
}

async fn verify(engine: &PollEngine, args: &VerifyArgs) -> Result<(), CliError> {
    let audit = engine
        .audit_poll(args.poll)
        .await
        .map_err(|error| failed(&error))?;
    let public = counts_are_public(engine, args.poll).await?;
    if audit.is_exact() {
        return output::print_line(&format!(
            "poll {}: the tally is exact{}",
            args.poll,
            total(&audit.stored, public)
        ));
    }
    let differs = format!(
        "poll {}: the tally differs from its ballots{}",
        args.poll,
        difference(&audit, public)
    );
    if !args.repair {
        return Err(CliError::failed(format!(
            "{differs}; rebuild it with --repair"
        )));
    }
    let tally = engine
        .repair_poll(args.poll)
        .await
        .map_err(|error| failed(&error))?;
    output::print_line(&differs)?;
    output::print_line(&format!(
        "poll {}: rebuilt as epoch {}{}",
        args.poll,
        tally.position.epoch,
        total(&tally, public)
    ))
}

/// Returns true if anybody may see the poll's counts now. Otherwise the output hides them
/// from the operator too.
async fn counts_are_public(engine: &PollEngine, poll: PollId) -> Result<bool, CliError> {
    let snapshot = engine
        .poll(poll, &Caller::anonymous())
        .await
        .map_err(|error| failed(&error))?;
    Ok(snapshot.view.counts().is_some())
}

fn total(tally: &Tally, public: bool) -> String {
    if public {
        format!(
            ", {} votes at position {}",
            tally.total_votes, tally.position
        )
    } else {
        String::new()
    }
}

fn difference(audit: &Audit, public: bool) -> String {
    if !public {
        return String::new();
    }
    let Audit { stored, recounted } = audit;
    let options = stored
        .counts
        .iter()
        .zip(&recounted.counts)
        .filter(|(stored, recounted)| stored != recounted);
    let options: String = options
        .map(|(stored, recounted)| {
            format!(
                ", option {}: {} instead of {}",
                stored.option, stored.count, recounted.count
            )
        })
        .collect();
    format!(
        ": {} votes instead of {}{options}",
        stored.total_votes, recounted.total_votes
    )
}

fn failed(error: &EngineError) -> CliError {
    match error {
        EngineError::Store(error) => store::failed(error),
        other => CliError::failed(other.to_string()),
    }
}
