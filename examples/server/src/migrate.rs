use clap::ArgMatches;

use crate::cli::MigrateArgs;
use crate::error::CliError;
use crate::queue::ServerQueue;
use crate::settings::{QueueUrl, Sources, StoreSettings, warn_unknown_variables};
use crate::store::OpenedStore;
use crate::{log, output, runtime};

/// Runs `votify migrate`: the store first, then the queue.
pub(crate) fn run(args: &MigrateArgs, matches: &ArgMatches) -> Result<(), CliError> {
    let sources = Sources::read(&args.store, matches)?;
    let settings = StoreSettings::read(&args.store, &sources)?;
    let queue = QueueUrl::read(&args.queue, &sources)?;
    log::start(&settings.log)?;
    warn_unknown_variables();
    runtime::run(async {
        migrate_store(&settings).await?;
        if queue != QueueUrl::None {
            ServerQueue::create(&queue).await?;
            output::print_line(&format!("the queue {queue} is ready"))?;
        }
        Ok(())
    })
}

async fn migrate_store(settings: &StoreSettings) -> Result<(), CliError> {
    if !settings.store.has_schema() {
        return output::print_line(&format!(
            "{} has no schema, nothing to migrate",
            settings.store
        ));
    }
    let store = OpenedStore::open(&settings.store).await?;
    let migrated = store.migrate().await;
    store.close().await;
    migrated?;
    output::print_line(&format!("the schema of {} is up to date", settings.store))
}
