use std::env;

use anyhow::{Context, Result};
use url::Url;

use crate::report::Target;

/// A kind of database server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    MySql,
}

impl Kind {
    /// What people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL or MariaDB",
        }
    }

    /// How many connections the pool of its store has.
    pub(crate) const fn pool(self) -> u32 {
        match self {
            Self::Postgres => 10,
            Self::MySql => 8,
        }
    }

    /// How many times the votes of the naive flow it has to count.
    pub(crate) const fn times_the_naive_flow(self) -> Target {
        match self {
            Self::Postgres => Target::AtLeast(12.0),
            Self::MySql => Target::AtLeast(10.0),
        }
    }

    /// How much of the ceiling it has to reach, in per cent.
    pub(crate) const fn of_the_ceiling(self) -> Target {
        match self {
            Self::Postgres => Target::AtLeast(25.0),
            Self::MySql => Target::AtLeast(20.0),
        }
    }

    /// The server to measure on, where schemas or databases may be made.
    ///
    /// # Errors
    /// If nobody said which one.
    pub(crate) fn server(self) -> Result<Url> {
        let variable = match self {
            Self::Postgres => "VOTIFY_TEST_POSTGRES_URL",
            Self::MySql => "VOTIFY_TEST_MYSQL_URL",
        };
        let url = env::var(variable).with_context(|| {
            format!("{variable} is not set; `cargo xtask bench` finds or starts such a server")
        })?;
        Url::parse(&url).with_context(|| format!("{variable} is no URL"))
    }

    /// What a URL leads to.
    ///
    /// # Errors
    /// If it is none of these.
    pub(crate) fn of(url: &Url) -> Result<Self> {
        match url.scheme() {
            "postgres" | "postgresql" => Ok(Self::Postgres),
            "mysql" | "mariadb" => Ok(Self::MySql),
            other => anyhow::bail!("there is no figure for {other}: servers"),
        }
    }
}
