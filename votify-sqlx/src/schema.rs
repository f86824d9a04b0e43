//! The migrations of a database, and the checks of its tables.

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqlStr};

use crate::error::Error;

/// The table with the migrations that were run. The migrations of a host's own tables are
/// recorded elsewhere.
pub(crate) const HISTORY: &str = "votify_migrations";

/// Reads the newest version that was run.
pub(crate) const VERSION: &str = "SELECT coalesce(max(version), 0) FROM votify_migrations";

/// A table that only unreleased versions created.
const UNRELEASED: &str = "votify_poll_options";

/// The name and the text of every migration, in the order in which they run, the first as
/// version 1.
///
/// Until the first release, changes go into the first migration. A released text never
/// changes, and the release before it can use the tables it creates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migrations(pub(crate) &'static [(&'static str, &'static str)]);

/// The tables whose names begin with `votify_`.
#[derive(Debug)]
pub(crate) struct SchemaInfo {
    pub(crate) tables: Vec<String>,
    /// The newest version that was run, if there is a history.
    pub(crate) version: Option<i64>,
    /// The newest version that this library has.
    pub(crate) known: i64,
}

/// The state of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    Missing,
    Older,
    Current,
}

impl SchemaInfo {
    /// Returns the state of the tables. Fails if they are newer than this library, or if
    /// Votify did not create them.
    pub(crate) fn check(self) -> Result<Schema, Error> {
        let Self {
            tables,
            version,
            known,
        } = self;
        if version.is_some()
            && let Some(table) = tables.iter().find(|table| *table == UNRELEASED)
        {
            let table = table.clone();
            return Err(Error::UnreleasedTables { table });
        }
        match version {
            None => match tables.into_iter().next() {
                None => Ok(Schema::Missing),
                Some(table) => Err(Error::ForeignTable { table }),
            },
            Some(found) if found < known => Ok(Schema::Older),
            Some(found) if found > known => Err(Error::TooNew { found, known }),
            Some(_) => Ok(Schema::Current),
        }
    }
}

impl Migrations {
    /// Returns the newest version.
    pub(crate) fn known(self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }

    /// Runs the migrations that the database has not seen yet. The caller holds the
    /// migration lock.
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
