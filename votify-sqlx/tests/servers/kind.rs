use std::env::{self, VarError};
use std::io::{self, Write};
use std::thread;

use url::Url;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    /// MySQL or MariaDB; the programs of private servers are MariaDB's.
    MySql,
}

impl Kind {
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "VOTIFY_TEST_POSTGRES_URL",
            Self::MySql => "VOTIFY_TEST_MYSQL_URL",
        }
    }

    /// The user that its servers run as where root starts them; they refuse to be root.
    pub(super) fn user(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// What to install for private servers, as Debian calls it.
    pub(super) fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::MySql => "mariadb-server",
        }
    }

    /// Whether tests were told to use servers of this kind, and so must not skip.
    pub(super) fn is_wanted(self) -> bool {
        env::var_os(self.variable()).is_some()
    }

    /// The shared server, or `None` after telling that the test is skipped.
    pub(crate) fn shared(self) -> Option<Url> {
        let variable = self.variable();
        match env::var(variable) {
            Ok(url) => match Url::parse(&url) {
                Ok(url) => Some(url),
                // Not shown: it may hold a password.
                Err(error) => panic!("{variable} is no URL: {error}"),
            },
            Err(VarError::NotPresent) => {
                self.tell_skip("it is not set");
                None
            }
            Err(error @ VarError::NotUnicode(_)) => panic!("{variable}: {error}"),
        }
    }

    /// Writes past the test runner, which shows nothing that a passing test prints.
    pub(super) fn tell_skip(self, why: &str) {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        let line = format!(
            "SKIPPED {test}: wants {}, and {why}; `cargo xtask test` finds or starts what it needs\n",
            self.variable()
        );
        let _ = io::stderr().write_all(line.as_bytes());
    }
}
