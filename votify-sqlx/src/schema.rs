//! Which migrations there are, and the history that tells which of them a database has seen.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Migrations that a host runs for its own tables leave theirs elsewhere.
pub(crate) const HISTORY: &str = "votify_migrations";

/// Runs these texts in order, the first as version 1, within a transaction of the caller's.
pub(crate) fn migrator(texts: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = (1..)
        .zip(texts)
        .map(|(version, (name, text))| {
            let simple = MigrationType::Simple;
            Migration::new(version, (*name).into(), simple, text.into_sql_str(), true)
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.dangerous_set_table_name(HISTORY);
    migrator
}
