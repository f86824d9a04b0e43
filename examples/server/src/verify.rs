use std::time::Duration;

use clap::ArgMatches;
use votify_core::engine::EngineConfig;
use votify_core::store::Audit;
use votify_core::{Caller, EngineError, Keyring, PollEngine, PollId, Tally};

use crate::cli::VerifyArgs;
use crate::failure::Failure;
use crate::settings::{Sources, StoreSettings};
use crate::store::{self, OpenStore};
use crate::{log, output, runtime};

/// BatchEvaluator a large poll anew may take much longer than a vote.
const PATIENCE: Duration = Duration::from_secs(3600);

/// `votify verify`
pub(crate) fn run(args: &VerifyArgs, matches: &ArgMatches) -> Result<(), Failure> {
    let settings = StoreSettings::read(&args.store, &Sources::read(&args.store, matches)?)?;
    log::start(&settings.log)?;
    match settings.store.file() {
        None if !settings.store.is_server() => {
            return Err(Failure::usage(
                "--store: must name a database, for one in memory ends with its server",
            ));
        }
        Some(file) if !file.exists() => {
            return Err(Failure::failed(format!(
                "--store: there is no file {}",
                file.display()
            )));
        }
        _ => {}
    }
    runtime::run(async {
        let config = EngineConfig {
            store_timeout: PATIENCE,
            ..EngineConfig::default()
        };
        let store = OpenStore::open(&settings.store).await?;
        // It makes no poll and knows no voter, so that any key will do.
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

async fn verify(engine: &PollEngine, args: &VerifyArgs) -> Result<(), Failure> {
    let audit = engine
        .audit_poll(args.poll)
        .await
        .map_err(|error| failed(&error))?;
    let shown = are_counts_shown(engine, args.poll).await?;
    if audit.is_exact() {
        return output::line(&format!(
            "poll {}: the tally is exact{}",
            args.poll,
            total(&audit.stored, shown)
        ));
    }
    let differs = format!(
        "poll {}: the tally differs from its ballots{}",
        args.poll,
        difference(&audit, shown)
    );
    if !args.repair {
        return Err(Failure::failed(format!(
            "{differs}; rebuild it with --repair"
        )));
    }
    let tally = engine
        .repair_poll(args.poll)
        .await
        .map_err(|error| failed(&error))?;
    output::line(&differs)?;
    output::line(&format!(
        "poll {}: rebuilt as epoch {}{}",
        args.poll,
        tally.position.epoch,
        total(&tally, shown)
    ))
}

/// Whether anybody may see this poll's counts now. Where not, neither may who runs the server.
async fn are_counts_shown(engine: &PollEngine, poll: PollId) -> Result<bool, Failure> {
    let snapshot = engine
        .poll(poll, &Caller::anonymous())
        .await
        .map_err(|error| failed(&error))?;
    Ok(snapshot.view.counts().is_some())
}

fn total(tally: &Tally, shown: bool) -> String {
    if shown {
        format!(
            ", {} votes at position {}",
            tally.total_votes, tally.position
        )
    } else {
        String::new()
    }
}

fn difference(audit: &Audit, shown: bool) -> String {
    if !shown {
        return String::new();
    }
    let Audit { stored, recounted } = audit;
    let options = stored
        .counts
        .iter()
        .zip(&recounted.counts)
        .filter(|(kept, recounted)| kept != recounted);
    let options: String = options
        .map(|(kept, recounted)| {
            format!(
                ", option {}: {} instead of {}",
                kept.option, kept.count, recounted.count
            )
        })
        .collect();
    format!(
        ": {} votes instead of {}{options}",
        stored.total_votes, recounted.total_votes
    )
}

fn failed(error: &EngineError) -> Failure {
    match error {
        EngineError::Store(error) => store::failed(error),
        other => Failure::failed(other.to_string()),
    }
}
