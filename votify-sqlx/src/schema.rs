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
    /// The tables with their columns, read after `version`: another process may be
    /// migrating.
    pub(crate) columns: Vec<(String, String)>,
    /// The tables with the columns of their primary and unique keys, separated by commas.
    /// Without partial indexes and indexes of expressions.
    pub(crate) keys: Vec<(String, String)>,
    pub(crate) migrations: Migrations,
}

/// The state of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    Missing,
    Older,
    Current,
}

impl SchemaInfo {
    /// Returns the state of the tables. Fails if they are newer than this library, if Votify
    /// did not create them, or if a table, column or key of them is missing.
    pub(crate) fn check(self) -> Result<Schema, Error> {
        let missing = self.missing();
        let Self {
            tables,
            version,
            migrations,
            ..
        } = self;
        let known = migrations.known();
        if version.is_some()
            && let Some(table) = tables.iter().find(|table| *table == UNRELEASED)
        {
            let table = table.clone();
            return Err(Error::UnreleasedTables { table });
        }
        match version {
            None => match tables.into_iter().next() {
                None => Ok(Schema::Missing),
                Some(_) if missing.is_none() => Err(Error::Incomplete {
                    missing: format!("table {HISTORY}"),
                }),
                Some(table) => Err(Error::ForeignTable { table }),
            },
            Some(found) if found < known => Ok(Schema::Older),
            Some(found) if found > known => Err(Error::TooNew { found, known }),
            Some(_) => match missing {
                None => Ok(Schema::Current),
                Some(missing) => Err(Error::Incomplete { missing }),
            },
        }
    }

    /// Fails if a table, column or key is missing that was there when the store began to use
    /// the tables. Newer versions may have removed what this one does not use, so they fail
    /// only `after_error`: a statement did not find what it uses.
    pub(crate) fn check_in_use(&self, after_error: bool) -> Result<(), Error> {
        let is_newer = self.version > Some(self.migrations.known());
        if is_newer && !after_error {
            return Ok(());
        }
        let history = || self.version.is_none().then(|| format!("table {HISTORY}"));
        match self.missing().or_else(history) {
            None => Ok(()),
            Some(missing) => Err(Error::Incomplete { missing }),
        }
    }

    /// Returns the first table, column or key that a migrated database has and this one
    /// lacks.
    fn missing(&self) -> Option<String> {
        let missing = self.migrations.missing(&self.columns);
        missing.or_else(|| self.migrations.missing_key(&self.keys))
    }
}

impl Migrations {
    /// Returns the newest version.
    pub(crate) fn known(self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }

    /// Returns the first table or column that a migrated database has and `found` lacks.
    fn missing(self, found: &[(String, String)]) -> Option<String> {
        let has_table = |table: &str| found.iter().any(|(name, _)| name == table);
        let has_column = |table: &str, column: &str| {
            found
                .iter()
                .any(|(name, other)| name == table && other == column)
        };
        self.columns().find_map(|(table, column)| {
            if !has_table(table) {
                Some(format!("table {table}"))
            } else if !has_column(table, column) {
                Some(format!("column {column} of table {table}"))
            } else {
                None
            }
        })
    }

    /// Returns the first primary or unique key that a migrated database has and `found`
    /// lacks. Votes are counted once because of such keys, and an import that failed may
    /// lack them: indexes are created last.
    fn missing_key(self, found: &[(String, String)]) -> Option<String> {
        self.keys().find_map(|(table, columns)| {
            let has_key = found
                .iter()
                .any(|(name, key)| name == table && sorted(key.split(',')) == columns);
            let columns = columns.join(", ");
            (!has_key).then(|| format!("the unique key ({columns}) of table {table}"))
        })
    }

    /// Reads the primary and unique keys from the texts. A key is a column's property, or a
    /// line that ends with the columns in parentheses. Keys of expressions are left out.
    fn keys(self) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
        let lines = self.0.iter().flat_map(|(_, text)| text.lines());
        let mut table = None;
        lines.filter_map(move |line| {
            if let Some(created) = line.strip_prefix("CREATE UNIQUE INDEX ") {
                let (_, target) = created.split_once(" ON ")?;
                return Some((target.split_whitespace().next()?, key_columns(target)?));
            }
            table = table_of_line(line, table);
            let line = line.trim_start();
            let is_key = line.contains("PRIMARY KEY") || line.contains("UNIQUE");
            if line.starts_with("--") || !is_key {
                return None;
            }
            let columns = if line.starts_with(|first: char| first.is_ascii_lowercase()) {
                vec![line.split_whitespace().next()?]
            } else {
                key_columns(line)?
            };
            Some((table?, columns))
        })
    }

    /// Reads the tables and their columns from the texts, in which a table begins with a
    /// line `CREATE TABLE`, and each column is a line. A column's name is in lower case, and
    /// anything else in a table begins in upper case.
    fn columns(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = self.0.iter().flat_map(|(_, text)| text.lines());
        let mut table = None;
        lines.filter_map(move |line| {
            table = table_of_line(line, table);
            if line.starts_with("CREATE") {
                return None;
            }
            let column = line.split_whitespace().next()?.trim_matches('`');
            let is_column = column.starts_with(|first: char| first.is_ascii_lowercase());
            Some((table?, column)).filter(|_| is_column)
        })
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

/// Returns the table to which a line of a migration belongs. `before` is the table of the
/// line before it.
fn table_of_line(line: &'static str, before: Option<&'static str>) -> Option<&'static str> {
    match line.strip_prefix("CREATE TABLE ") {
        Some(created) => {
            let name = created.trim_start_matches("IF NOT EXISTS ");
            name.split_whitespace().next()
        }
        None => before.filter(|_| line.starts_with(' ')),
    }
}

/// Returns the sorted columns in the parentheses at the end of a key. `None` if the key is
/// partial, or of expressions.
fn key_columns(key: &str) -> Option<Vec<&str>> {
    let (_, columns) = key.trim_end_matches([',', ';']).split_once('(')?;
    let columns = columns.strip_suffix(')')?;
    (!columns.contains('(')).then(|| sorted(columns.split(',')))
}

fn sorted<'a>(columns: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut columns: Vec<_> = columns.map(|column| column.trim()).collect();
    columns.sort_unstable();
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_from_the_migrations() {
        for text in [
            include_str!("../migrations/sqlite/0001_initial.sql"),
            include_str!("../migrations/postgres/0001_initial.sql"),
            include_str!("../migrations/mysql/0001_initial.sql"),
        ] {
            let migrations = Migrations(Box::leak(Box::new([("initial", text)])));
            let columns: Vec<_> = migrations.columns().collect();
            for expected in [
                ("votify_polls", "id"),
                ("votify_polls", "closing_order"),
                ("votify_polls", "version"),
                ("votify_options", "text"),
                ("votify_votes", "choice"),
                ("votify_revoked_tokens", "expires_at"),
            ] {
                assert!(columns.contains(&expected), "{expected:?} in {columns:?}");
            }
            let tables = text.lines().filter(|line| line.starts_with("CREATE TABLE"));
            let mut found: Vec<_> = columns.iter().map(|(table, _)| *table).collect();
            found.dedup();
            assert_eq!(found.len(), tables.count(), "{found:?}");
        }
    }

    #[test]
    fn keys_are_read_from_the_migrations() {
        for (text, poll, keys) in [
            (
                include_str!("../migrations/sqlite/0001_initial.sql"),
                "poll_key",
                14,
            ),
            (
                include_str!("../migrations/postgres/0001_initial.sql"),
                "poll_id",
                13,
            ),
            (
                include_str!("../migrations/mysql/0001_initial.sql"),
                "poll_id",
                13,
            ),
        ] {
            let migrations = Migrations(Box::leak(Box::new([("initial", text)])));
            let found: Vec<_> = migrations.keys().collect();
            for expected in [
                ("votify_polls", vec!["id"]),
                ("votify_votes", vec![poll, "voter_id"]),
                (
                    "votify_superseded_votes",
                    vec!["ballot_id", poll, "voter_id"],
                ),
                ("votify_users", vec!["name_key"]),
                ("votify_join_codes", vec!["code"]),
            ] {
                assert!(found.contains(&expected), "{expected:?} in {found:?}");
            }
            assert_eq!(found.len(), keys, "{found:?}");
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        const MIGRATIONS: Migrations = Migrations(&[(
            "initial",
            "CREATE TABLE votify_a (\n    one INTEGER NOT NULL,\n    two INTEGER,\n    PRIMARY KEY (one, two)\n);\n",
        )]);
        let found = |key: &str| vec![("votify_a".to_owned(), key.to_owned())];
        assert_eq!(MIGRATIONS.missing_key(&found("two,one")), None);
        let missing = MIGRATIONS.missing_key(&found("one")).unwrap();
        assert_eq!(missing, "the unique key (one, two) of table votify_a");
    }

    #[test]
    fn a_missing_table_and_a_missing_column_are_named() {
        const MIGRATIONS: Migrations = Migrations(&[(
            "initial",
            "CREATE TABLE votify_a (\n    one INTEGER,\n    two INTEGER,\n    PRIMARY KEY (one)\n);\n",
        )]);
        let found = |columns: &[(&str, &str)]| -> Vec<(String, String)> {
            let owned = |(table, column): &(&str, &str)| ((*table).into(), (*column).into());
            columns.iter().map(owned).collect()
        };
        let all = [
            ("votify_a", "one"),
            ("votify_a", "two"),
            ("votify_a", "of_the_host"),
        ];
        assert_eq!(MIGRATIONS.missing(&found(&all)), None);
        let missing = MIGRATIONS.missing(&found(&all[..1])).unwrap();
        assert_eq!(missing, "column two of table votify_a");
        assert_eq!(MIGRATIONS.missing(&[]).unwrap(), "table votify_a");
    }
}
