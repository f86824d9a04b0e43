//! Which migrations there are, and the history that tells which of them a database has seen.

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqlStr};

use crate::error::Error;

/// Migrations that a host runs for its own tables leave theirs elsewhere.
pub(crate) const HISTORY: &str = "votify_migrations";

/// Reads the newest version that a database has seen.
pub(crate) const VERSION: &str = "SELECT coalesce(max(version), 0) FROM votify_migrations";

/// The name and text of every migration, in the order in which they are run, the first as version 1. A text that was
/// released never changes, and what it makes can be used by the release before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migrations(pub(crate) &'static [(&'static str, &'static str)]);

/// What is there of tables whose names begin as ours do.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) tables: Vec<String>,
    /// The newest version in the history, if there is one.
    pub(crate) version: Option<i64>,
    /// The newest version that this library knows.
    pub(crate) known: i64,
}

/// How far a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    Missing,
    Older,
    Current,
}

impl Found {
    /// Fails if the database is further than this library knows, or if somebody else made tables of these names.
    pub(crate) fn judge(self) -> Result<Schema, Error> {
        let Self {
            tables,
            version,
            known,
        } = self;
        match version {
            None => match tables.into_iter().next() {
                None => Ok(Schema::Missing),
                Some(table) => Err(Error::Foreign { table }),
            },
            Some(found) if found < known => Ok(Schema::Older),
            Some(found) if found > known => Err(Error::TooNew { found, known }),
            Some(_) => Ok(Schema::Current),
        }
    }
}

impl Migrations {
    /// The newest version.
    pub(crate) fn known(self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }

    /// Runs what this connection's database has not seen yet. The caller holds off everybody else.
    pub(crate) async fn run<C: Migrate>(self, connection: &mut C) -> Result<(), Error> {
        let done = self.migrator().run_direct(None, connection, false).await;
        done.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Error::Migration(other),
        })
    }

    fn migrator(self) -> Migrator {
        let text = |text: &'static str| -> SqlStr { text.into_sql_str() };
        let migrations = (1..)
            .zip(self.0)
            .map(|(version, (name, sql))| {
                let simple = MigrationType::Simple;
                Migration::new(version, (*name).into(), simple, text(sql), true)
            })
            .collect();
        let mut migrator = Migrator::with_migrations(migrations);
        migrator.dangerous_set_table_name(HISTORY);
        migrator.set_locking(false);
        migrator
    }
}
