use std::path::PathBuf;

use sqlx::query_scalar;
use sqlx::sqlite::SqliteConnection;
use votify_core::store::Durability;

use crate::error::Error;

/// The settings of a connection that matter for votes.
#[derive(Debug)]
pub(super) struct Settings {
    /// The path that SQLite uses, absolute and without symbolic links. Empty for a database
    /// in memory.
    pub(super) file: PathBuf,
    pub(super) in_memory: bool,
    pub(super) durability: Durability,
    journal_mode: String,
    synchronous: i64,
}

impl Settings {
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, Error> {
        let file: String = query_scalar(
            "SELECT coalesce((SELECT file FROM pragma_database_list WHERE name = 'main'), '')",
        )
        .fetch_one(&mut *connection)
        .await?;
        let journal_mode: String = query_scalar("PRAGMA journal_mode")
            .fetch_one(&mut *connection)
            .await?;
        let synchronous = query_scalar("PRAGMA synchronous")
            .fetch_one(connection)
            .await?;
        let in_memory = file.is_empty();
        Ok(Self {
            file: file.into(),
            in_memory,
            durability: durability(in_memory, &journal_mode, synchronous),
            journal_mode,
            synchronous,
        })
    }

    /// Returns true if commits are written to a log beside the database first.
    pub(super) fn has_log(&self) -> bool {
        self.journal_mode == "wal"
    }

    /// Logs a warning if acknowledged votes may be lost.
    pub(super) fn warn_if_not_durable(&self) {
        if self.durability < Durability::PowerLoss && !self.in_memory {
            tracing::warn!(
                journal_mode = self.journal_mode,
                synchronous = self.synchronous,
                durability = ?self.durability,
                "acknowledged votes may be lost; set journal_mode=WAL and synchronous=FULL on the SQLite database"
            );
        }
    }
}

/// With a rollback journal, only EXTRA prevents that the last commit is rolled back after
/// a power loss (<https://sqlite.org/pragma.html#pragma_synchronous>).
fn durability(in_memory: bool, journal_mode: &str, synchronous: i64) -> Durability {
    const FULL: i64 = 2;
    const EXTRA: i64 = 3;
    match journal_mode {
        _ if in_memory => Durability::Nothing,
        "wal" if synchronous >= FULL => Durability::PowerLoss,
        "delete" if synchronous >= EXTRA => Durability::PowerLoss,
        "truncate" | "persist" if synchronous >= FULL => Durability::PowerLoss,
        "wal" | "delete" | "truncate" | "persist" => Durability::ProcessCrash,
        _ => Durability::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_synchronous_commits_survive_a_power_loss() {
        assert_eq!(durability(false, "wal", 2), Durability::PowerLoss);
        assert_eq!(durability(false, "wal", 1), Durability::ProcessCrash);
        assert_eq!(durability(false, "delete", 2), Durability::ProcessCrash);
        assert_eq!(durability(false, "delete", 3), Durability::PowerLoss);
        assert_eq!(durability(false, "off", 3), Durability::Nothing);
        assert_eq!(durability(true, "wal", 2), Durability::Nothing);
    }
}
