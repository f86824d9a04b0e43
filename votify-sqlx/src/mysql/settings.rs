use std::collections::HashMap;

use sqlx::Row;
use sqlx::mysql::MySqlConnection;
use votify_core::store::Durability;

use crate::error::Error;

/// Reads the values of the session, of those variables that the server has.
const READ_VARIABLES: &str = "SHOW SESSION VARIABLES WHERE Variable_name IN ('version', 'autocommit', 'binlog_format', \
    'character_set_client', 'character_set_connection', 'character_set_results', 'debug_no_sync', 'group_concat_max_len', \
    'innodb_doublewrite', 'innodb_flush_log_at_trx_commit', 'innodb_flush_method', 'log_bin', 'max_allowed_packet', \
    'sync_binlog', 'transaction_isolation', 'tx_isolation')";

/// MariaDB truncates JSON arrays to `group_concat_max_len`. This is enough for the
/// options of the largest poll.
const MIN_JSON_BYTES: u64 = 1 << 20;
/// More than the longest text of statements.
const MIN_PACKET_BYTES: u64 = 1 << 20;

/// The settings of a server and a session that affect correctness or durability.
#[derive(Debug)]
pub(super) struct Settings {
    variables: HashMap<String, String>,
    has_database: bool,
}

impl Settings {
    pub(super) async fn read(connection: &mut MySqlConnection) -> Result<Self, sqlx::Error> {
        let rows = sqlx::raw_sql(READ_VARIABLES)
            .fetch_all(&mut *connection)
            .await?;
        // Unchecked, because the types of these columns differ between servers.
        let variables = rows
            .iter()
            .map(|row| Ok((row.try_get_unchecked(0)?, row.try_get_unchecked(1)?)))
            .collect::<Result<_, sqlx::Error>>()?;
        let database = sqlx::raw_sql("SELECT DATABASE() IS NOT NULL")
            .fetch_one(connection)
            .await?;
        Ok(Self {
            variables,
            has_database: database.try_get_unchecked(0)?,
        })
    }

    fn text(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.text(name).eq_ignore_ascii_case(value)
    }

    /// Returns `None` if the server does not have the variable.
    fn number(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }

    fn is_mariadb(&self) -> bool {
        self.text("version").to_lowercase().contains("mariadb")
    }

    /// Fails if the store would not work correctly.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self.problem() {
            None => Ok(()),
            Some(problem) => Err(Error::Connect(problem)),
        }
    }

    fn problem(&self) -> Option<String> {
        let (name, min_version) = if self.is_mariadb() {
            ("MariaDB 10.11", (10, 11))
        } else {
            ("MySQL 8.0", (8, 0))
        };
        let version = self.text("version");
        if major_and_minor(version).is_some_and(|version| version < min_version) {
            return Some(format!(
                "server version {version} is not supported; at least {name} is required"
            ));
        }
        if !self.has_database {
            return Some(
                "the pool's connections select no database; name one in the connect options".into(),
            );
        }
        if self.is("autocommit", "OFF") {
            return Some("sessions have autocommit = 0; set autocommit = 1".into());
        }
        let character_sets =
            ["client", "connection", "results"].map(|of| self.text(&format!("character_set_{of}")));
        if character_sets != ["utf8mb4"; 3] {
            return Some(format!(
                "sessions use the character sets {}; run SET NAMES utf8mb4",
                character_sets.join(", ")
            ));
        }
        let isolation = [
            self.text("transaction_isolation"),
            self.text("tx_isolation"),
        ];
        if isolation.contains(&"READ-UNCOMMITTED") {
            return Some(
                "sessions have isolation level READ UNCOMMITTED; set READ COMMITTED".into(),
            );
        }
        if self.is("log_bin", "ON") && self.is("binlog_format", "STATEMENT") {
            return Some(
                "the server has binlog_format = STATEMENT and rejects every vote; set ROW or MIXED"
                    .into(),
            );
        }
        let short = |name, min| self.number(name).filter(|found| *found < min);
        if let Some(found) = short("max_allowed_packet", MIN_PACKET_BYTES) {
            return Some(format!(
                "the server has max_allowed_packet = {found}; at least {MIN_PACKET_BYTES} is required"
            ));
        }
        let json = short("group_concat_max_len", MIN_JSON_BYTES).filter(|_| self.is_mariadb());
        json.map(|found| {
            format!("sessions have group_concat_max_len = {found}, and MariaDB truncates polls to it; set it to {MIN_JSON_BYTES} or more")
        })
    }

    /// Returns which failures acknowledged votes survive.
    ///
    /// `innodb_flush_log_at_trx_commit`: with 1 (on MariaDB also 3), a commit is synced
    /// to disk before it is acknowledged. With 2 it is written to the operating system,
    /// so a loss of power loses up to a second of commits. With 0 it is in the server's
    /// memory, and a crash of the server loses up to a second.
    ///
    /// With a binary log, recovery rolls back commits that are missing from it. Unless
    /// `sync_binlog` is 1, a loss of power then loses commits that InnoDB had synced.
    /// Without `innodb_doublewrite`, a loss of power may leave half-written pages, which
    /// cannot be repaired.
    pub(super) fn durability(&self) -> Durability {
        let flushed = match self.number("innodb_flush_log_at_trx_commit") {
            Some(1) => Durability::PowerLoss,
            Some(3) if self.is_mariadb() => Durability::PowerLoss,
            Some(2) => Durability::ProcessCrash,
            _ => Durability::Nothing,
        };
        let logged = !self.is("log_bin", "ON") || self.number("sync_binlog") == Some(1);
        let whole = self.is("innodb_doublewrite", "ON")
            || self.is("innodb_doublewrite", "DETECT_AND_RECOVER");
        let synced = !self.is("innodb_flush_method", "nosync") && !self.is("debug_no_sync", "ON");
        if logged && whole && synced {
            flushed
        } else {
            flushed.min(Durability::ProcessCrash)
        }
    }

    /// Logs a warning if acknowledged votes might not survive a loss of power.
    pub(super) fn warn_if_not_durable(&self) {
        let durability = self.durability();
        if durability < Durability::PowerLoss {
            tracing::warn!(
                innodb_flush_log_at_trx_commit = self.text("innodb_flush_log_at_trx_commit"),
                log_bin = self.text("log_bin"),
                sync_binlog = self.text("sync_binlog"),
                innodb_doublewrite = self.text("innodb_doublewrite"),
                ?durability,
                "acknowledged votes may be lost; set innodb_flush_log_at_trx_commit=1, innodb_doublewrite=ON and, \
                 with a binary log, sync_binlog=1 on the MySQL server"
            );
        }
    }
}

fn major_and_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(changed: &[(&str, &str)]) -> Settings {
        let good = [
            ("version", "10.11.6-MariaDB"),
            ("autocommit", "ON"),
            ("character_set_client", "utf8mb4"),
            ("character_set_connection", "utf8mb4"),
            ("character_set_results", "utf8mb4"),
            ("innodb_flush_log_at_trx_commit", "1"),
            ("innodb_doublewrite", "ON"),
            ("log_bin", "OFF"),
            ("sync_binlog", "0"),
            ("group_concat_max_len", "1048576"),
        ];
        let variables = good.iter().chain(changed);
        Settings {
            variables: variables
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            has_database: true,
        }
    }

    #[test]
    fn only_synced_commits_survive_power_loss() {
        let flush = "innodb_flush_log_at_trx_commit";
        let (power, crash, nothing) = (
            Durability::PowerLoss,
            Durability::ProcessCrash,
            Durability::Nothing,
        );
        for (changed, expected) in [
            (&[][..], power),
            (&[(flush, "2")], crash),
            (&[(flush, "0")], nothing),
            (&[(flush, "3")], power),
            (&[(flush, "3"), ("version", "8.0.36")], nothing),
            (&[("log_bin", "ON")], crash),
            (&[("log_bin", "ON"), ("sync_binlog", "1")], power),
            (&[("innodb_doublewrite", "OFF")], crash),
            (&[("innodb_doublewrite", "DETECT_ONLY")], crash),
            (&[("innodb_doublewrite", "OFF"), (flush, "0")], nothing),
            (&[("debug_no_sync", "ON")], crash),
        ] {
            assert_eq!(settings(changed).durability(), expected, "{changed:?}");
        }
    }

    #[test]
    fn unsuitable_settings_are_rejected_with_the_remedy() {
        assert_eq!(settings(&[]).problem(), None);
        let short = ("group_concat_max_len", "1024");
        assert_eq!(settings(&[short, ("version", "8.4.0")]).problem(), None);
        for (changed, expected) in [
            (short, "set it to 1048576"),
            (("version", "10.6.9-MariaDB"), "MariaDB 10.11"),
            (("version", "5.7.44-log"), "MySQL 8.0"),
            (("autocommit", "OFF"), "autocommit"),
            (("character_set_results", "latin1"), "utf8mb4"),
            (("tx_isolation", "READ-UNCOMMITTED"), "READ COMMITTED"),
            (("max_allowed_packet", "65536"), "1048576"),
        ] {
            let problem = settings(&[changed]).problem().unwrap();
            assert!(problem.contains(expected), "{problem}");
        }
        let statement = [("log_bin", "ON"), ("binlog_format", "STATEMENT")];
        let problem = settings(&statement).problem().unwrap();
        assert!(problem.contains("binlog_format"), "{problem}");
    }
}
