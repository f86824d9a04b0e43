use clap::ArgMatches;

use crate::cli::StoreArgs;
use crate::failure::Failure;
use crate::settings::{Sources, StoreSettings};
use crate::store::OpenStore;
use crate::{log, output, runtime};

/// `votify migrate`
pub(crate) fn run(args: &StoreArgs, matches: &ArgMatches) -> Result<(), Failure> {
    let settings = StoreSettings::read(args, &Sources::read(args, matches)?)?;
    log::start(&settings.log)?;
    if !settings.store.has_schema() {
        return output::line(&format!(
            "{} has no schema: there is nothing to migrate",
            settings.store
        ));
    }
    runtime::run(async {
        let store = OpenStore::open(&settings.store).await?;
        let migrated = store.migrate().await;
        store.close().await;
        migrated?;
        output::line(&format!("the schema of {} is up to date", settings.store))
    })
}
