use std::env::{self, VarError};

use url::Url;

use crate::skip::report_skip;

/// A kind of database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB. Private servers of this kind are MariaDB.
    MySql,
}

impl ServerKind {
    /// The environment variable with the URL of the shared server.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "VOTIFY_TEST_POSTGRES_URL",
            Self::MySql => "VOTIFY_TEST_MYSQL_URL",
        }
    }

    /// The user that private servers run as if the tests run as root. These servers
    /// refuse to run as root.
    pub(super) const fn user(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// The Debian package with the programs of private servers.
    pub(super) const fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::MySql => "mariadb-server",
        }
    }

    /// Returns true if tests must not be skipped because this kind of server is missing.
    pub(super) fn is_required(self) -> bool {
        env::var_os(self.variable()).is_some()
    }

    /// Returns the reason if there is no shared server.
    #[must_use]
    pub fn unavailable(self) -> Option<String> {
        let is_unset = env::var_os(self.variable()).is_none();
        is_unset.then(|| format!("{} is not set", self.variable()))
    }

    /// Returns the URL of the shared server.
    ///
    /// Returns `None`, and reports the skip, if the variable is not set.
    ///
    /// # Panics
    /// Panics if the variable is no URL.
    #[must_use]
    pub fn shared_url(self) -> Option<Url> {
        let variable = self.variable();
        match env::var(variable) {
            Ok(url) => match Url::parse(&url) {
                Ok(url) => Some(url),
                // Without the URL: it may contain a password.
                Err(error) => panic!("{variable} is not a URL: {error}"),
            },
            Err(VarError::NotPresent) => {
                report_skip(&format!("{variable} is not set"));
                None
            }
            Err(error @ VarError::NotUnicode(_)) => panic!("{variable}: {error}"),
        }
    }
}
