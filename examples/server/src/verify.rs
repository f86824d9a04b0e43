use std::time::Duration;

use clap::ArgMatches;
use votify_core::engine::EngineConfig;
use votify_core::store::{Audit, PollFilter};
use votify_core::{Caller, EngineError, Keyring, PageRequest, PollEngine, PollId, Tally};

use crate::cli::VerifyArgs;
use crate::error::CliError;
use crate::settings::{Sources, StoreSettings, warn_unknown_variables};
use crate::store::{self, OpenedStore};
use crate::{log, output, runtime};

/// Recounting a large poll may take much longer than a vote.
const STORE_TIMEOUT: Duration = Duration::from_secs(3600);

/// Runs `votify verify`.
pub(crate) fn run(args: &VerifyArgs, matches: &ArgMatches) -> Result<(), CliError> {
    let settings = StoreSettings::read(&args.store, &Sources::read(&args.store, matches)?)?;
    log::start(&settings.log)?;
    warn_unknown_variables();
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

/// The recount of one poll.
struct PollCheck {
    poll: PollId,
    audit: Audit,
    /// True if anybody may see the poll's counts.
    public: bool,
    /// The rebuilt tally, with `--repair`.
    rebuilt: Option<Tally>,
}

async fn verify(engine: &PollEngine, args: &VerifyArgs) -> Result<(), CliError> {
    match args.poll {
        Some(poll) => verify_one(engine, poll, args.repair).await,
        None => verify_all(engine, args.repair).await,
    }
}

async fn verify_one(engine: &PollEngine, poll: PollId, repair: bool) -> Result<(), CliError> {
    let check = check(engine, poll, repair).await;
    let check = check.map_err(|error| failed(&error))?;
    let difference = check.difference();
    if let (Some(difference), false) = (&difference, repair) {
        return Err(CliError::failed(format!(
            "{difference}; rebuild it with --repair"
        )));
    }
    if let Some(difference) = difference {
        output::print_line(&difference)?;
    }
    output::print_line(&check.result())
}

/// Checks every poll. Prints a line for each that differs, and their number.
async fn verify_all(engine: &PollEngine, repair: bool) -> Result<(), CliError> {
    let filter = PollFilter::all();
    let (mut polls, mut differing, mut unreadable) = (0_u64, 0_u64, 0_u64);
    let mut request = Some(PageRequest::FIRST);
    while let Some(page) = request {
        let page = engine.list_polls(&filter, &page).await;
        let page = page.map_err(|error| failed(&error))?;
        for snapshot in &page.items {
            let check = match check(engine, snapshot.poll.id, repair).await {
                Ok(check) => check,
                // Deleted since the page was read.
                Err(EngineError::PollNotFound(_)) => continue,
                Err(error) if error.is_transient() => return Err(failed(&error)),
                Err(error) => {
                    unreadable += 1;
                    output::print_line(&format!("poll {}: {error}", snapshot.poll.id))?;
                    continue;
                }
            };
            polls += 1;
            if let Some(difference) = check.difference() {
                differing += 1;
                output::print_line(&difference)?;
            }
        }
        let limit = PageRequest::FIRST.limit();
        request = page
            .next
            .and_then(|next| PageRequest::after(next, limit).ok());
    }
    let summary = format!("{polls} polls checked, {differing} tallies differ from their ballots");
    if unreadable > 0 {
        return Err(CliError::failed(format!(
            "{summary}; {unreadable} polls cannot be checked: restore them from a backup"
        )));
    }
    match (repair, differing) {
        (true, _) => output::print_line(&format!("{summary}; all rebuilt under the next epoch")),
        (false, 0) => output::print_line(&summary),
        (false, _) => Err(CliError::failed(format!(
            "{summary}; rebuild them with --repair"
        ))),
    }
}

/// Recounts a poll, and rebuilds its tally with `repair`.
async fn check(engine: &PollEngine, poll: PollId, repair: bool) -> Result<PollCheck, EngineError> {
    let audit = engine.audit_poll(poll).await?;
    let snapshot = engine.poll(poll, &Caller::anonymous()).await?;
    let rebuilt = if repair {
        Some(engine.repair_poll(poll).await?)
    } else {
        None
    };
    Ok(PollCheck {
        poll,
        audit,
        // Otherwise the output hides the counts from the operator too.
        public: snapshot.view.counts().is_some(),
        rebuilt,
    })
}

impl PollCheck {
    /// Returns the line about a tally that differs from its ballots.
    fn difference(&self) -> Option<String> {
        if self.audit.is_exact() {
            return None;
        }
        let counts = difference(&self.audit, self.public);
        let poll = self.poll;
        Some(format!(
            "poll {poll}: the tally differs from its ballots{counts}"
        ))
    }

    /// Returns the line about the tally that is stored now.
    fn result(&self) -> String {
        let poll = self.poll;
        match &self.rebuilt {
            Some(tally) => {
                let total = total(tally, self.public);
                format!(
                    "poll {poll}: rebuilt as epoch {}{total}",
                    tally.position.epoch
                )
            }
            None => {
                let total = total(&self.audit.stored, self.public);
                format!("poll {poll}: the tally is exact{total}")
            }
        }
    }
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
