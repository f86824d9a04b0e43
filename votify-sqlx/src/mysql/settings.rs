use std::collections::HashMap;

use sqlx::Row;
use sqlx::mysql::MySqlConnection;

use crate::error::Error;
use votify_core::store::Durability;

/// Only those exist that the server knows. A session's own value comes before the server's.
const READ: &str = "SHOW SESSION VARIABLES WHERE Variable_name IN ('version', 'autocommit', 'binlog_format', \
    'character_set_client', 'character_set_connection', 'character_set_results', 'debug_no_sync', 'group_concat_max_len', \
    'innodb_doublewrite', 'innodb_flush_log_at_trx_commit', 'innodb_flush_method', 'log_bin', 'max_allowed_packet', \
    'sync_binlog', 'transaction_isolation', 'tx_isolation')";

/// What MariaDB cuts the options of a poll to must hold a hundred of the longest.
const LONGEST_JSON: u64 = 1 << 20;
/// Twice what is given to a statement at most.
const LONGEST_STATEMENT: u64 = 1 << 20;

/// How a server and a session are set up, as far as it matters for votes.
#[derive(Debug)]
pub(super) struct Settings {
    variables: HashMap<String, String>,
    has_database: bool,
}

impl Settings {
    pub(super) async fn read(connection: &mut MySqlConnection) -> Result<Self, sqlx::Error> {
        let rows = sqlx::raw_sql(READ).fetch_all(&mut *connection).await?;
        // Unchecked: servers give the columns of their own tables various types.
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

    /// None for what this server does not have.
    fn number(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }

    fn is_mariadb(&self) -> bool {
        self.text("version").to_lowercase().contains("mariadb")
    }

    /// Fails where votes could not be kept right.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self.problem() {
            None => Ok(()),
            Some(problem) => Err(Error::CannotOpen(problem)),
        }
    }

    fn problem(&self) -> Option<String> {
        let (name, oldest) = if self.is_mariadb() {
            ("MariaDB 10.11", (10, 11))
        } else {
            ("MySQL 8.0", (8, 0))
        };
        let version = self.text("version");
        if major_and_minor(version).is_some_and(|version| version < oldest) {
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
        let short = |name, least| self.number(name).filter(|found| *found < least);
        if let Some(found) = short("max_allowed_packet", LONGEST_STATEMENT) {
            return Some(format!(
                "the server has max_allowed_packet = {found}; at least {LONGEST_STATEMENT} is required"
            ));
        }
        let json = short("group_concat_max_len", LONGEST_JSON).filter(|_| self.is_mariadb());
        json.map(|found| {
            format!("sessions have group_concat_max_len = {found}, and MariaDB truncates polls to it; set it to {LONGEST_JSON} or more")
        })
    }

    /// What an acknowledged vote survives.
    ///
    /// `innodb_flush_log_at_trx_commit`: with 1 (on MariaDB also 3) a commit is on disk when it is acknowledged. With 2 it
    /// was handed to the operating system, which survives the server's own crash; a loss of power takes up to a second of
    /// commits. With 0 it is in the server's memory for up to a second, and any crash of the server takes that second.
    ///
    /// Where there is a binary log, what is missing from it after a crash is rolled back: unless `sync_binlog` is 1, a loss
    /// of power takes commits that InnoDB had on disk. Without `innodb_doublewrite`, it may leave pages written by halves,
    /// which nothing can repair.
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

    /// Says so where a vote is worth less than it should be.
    pub(super) fn warn_if_weak(&self) {
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
    fn only_what_is_written_through_survives_a_loss_of_power() {
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
    fn what_cannot_do_is_refused_with_what_to_set() {
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
