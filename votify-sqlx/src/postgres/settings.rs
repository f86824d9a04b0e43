use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row, query};
use votify_core::store::Durability;

use crate::error::Error;

/// The oldest version with generated columns and `plan_cache_mode`.
const MIN_VERSION: i32 = 120_000;

const READ: &str = "SELECT current_setting('server_version_num')::int, current_setting('fsync')::bool, \
    current_setting('full_page_writes')::bool, current_setting('synchronous_commit'), current_setting('server_encoding')";

/// The settings of a server and connection that matter for votes.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) durability: Durability,
    version: i32,
    fsync: bool,
    full_page_writes: bool,
    synchronous_commit: String,
    encoding: String,
}

impl Settings {
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, Error> {
        let row: PgRow = query(READ).fetch_one(connection).await?;
        let (fsync, full_page_writes) = (row.try_get(1)?, row.try_get(2)?);
        let synchronous_commit: String = row.try_get(3)?;
        Ok(Self {
            durability: durability(fsync, full_page_writes, &synchronous_commit),
            version: row.try_get(0)?,
            fsync,
            full_page_writes,
            synchronous_commit,
            encoding: row.try_get(4)?,
        })
    }

    /// Fails if the server is too old or cannot store every text. Logs a warning if
    /// acknowledged votes may be lost.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.version < MIN_VERSION {
            let (found, min) = (self.version / 10_000, MIN_VERSION / 10_000);
            return Err(Error::Connect(format!(
                "PostgreSQL {found} is not supported; at least version {min} is required"
            )));
        }
        if self.encoding != "UTF8" {
            return Err(Error::Connect(format!(
                "the database has encoding {}, which lacks characters; create it with ENCODING 'UTF8' TEMPLATE \
                 template0",
                self.encoding
            )));
        }
        if self.durability < Durability::PowerLoss {
            tracing::warn!(
                fsync = self.fsync,
                full_page_writes = self.full_page_writes,
                synchronous_commit = self.synchronous_commit,
                durability = ?self.durability,
                "acknowledged votes may be lost; set fsync=on, full_page_writes=on and synchronous_commit=on on \
                 the PostgreSQL server"
            );
        }
        Ok(())
    }
}

/// Without `synchronous_commit`, a crash of the server loses the last commits. Without
/// `fsync` or `full_page_writes`, a power loss may damage the whole database.
///
/// Source: <https://www.postgresql.org/docs/current/runtime-config-wal.html>.
fn durability(fsync: bool, full_page_writes: bool, synchronous_commit: &str) -> Durability {
    match synchronous_commit {
        "off" => Durability::Nothing,
        _ if !fsync || !full_page_writes => Durability::ProcessCrash,
        _ => Durability::PowerLoss,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durability_follows_from_the_settings() {
        assert_eq!(durability(true, true, "on"), Durability::PowerLoss);
        assert_eq!(durability(true, true, "local"), Durability::PowerLoss);
        assert_eq!(durability(true, true, "off"), Durability::Nothing);
        assert_eq!(durability(false, true, "on"), Durability::ProcessCrash);
        assert_eq!(durability(true, false, "on"), Durability::ProcessCrash);
    }
}
