use clap::ArgMatches;

use crate::cli::StoreArgs;
use crate::error::CliError;
use crate::settings::{Sources, StoreSettings, warn_unknown_variables};
use crate::store::OpenedStore;
use crate::{log, output, runtime};

/// Runs `votify migrate`.
pub(crate) fn run(args: &StoreArgs, matches: &ArgMatches) -> Result<(), CliError> {
    let settings = StoreSettings::read(args, &Sources::read(args, matches)?)?;
    log::start(&settings.log)?;
    warn_unknown_variables();
    if !settings.store.has_schema() {
        return output::print_line(&format!(
            "{} has no schema, nothing to migrate",
            settings.store
        ));
    }
    runtime::run(async {
        let store = OpenedStore::open(&settings.store).await?;
        let migrated = store.migrate().await;
        store.close().await;
        migrated?;
        output::print_line(&format!("the schema of {} is up to date", settings.store))
    })
}
