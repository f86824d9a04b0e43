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

/// Floors, and aims beyond them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Times the votes of the naive flow.
    pub(crate) naive_flow: Target,
    /// Times the votes of the source designs' flow.
    pub(crate) source_design: Option<(Target, Target)>,
    /// Of what a bare handler answers, in per cent.
    pub(crate) ceiling: (Target, Target),
    /// Votes in many polls, as times those in one.
    pub(crate) many_polls: (Target, Target),
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

    /// What votes over HTTP on it have to reach.
    pub(crate) const fn bounds(self) -> Bounds {
        match self {
            Self::Postgres => Bounds {
                naive_flow: Target::AtLeast(12.0),
                source_design: Some((Target::AtLeast(15.0), Target::AtLeast(22.0))),
                ceiling: (Target::AtLeast(35.0), Target::AtLeast(50.0)),
                many_polls: (Target::AtLeast(0.7), Target::AtLeast(0.9)),
            },
            Self::MySql => Bounds {
                naive_flow: Target::AtLeast(10.0),
                source_design: None,
                ceiling: (Target::AtLeast(30.0), Target::AtLeast(42.0)),
                many_polls: (Target::AtLeast(0.67), Target::AtLeast(0.9)),
            },
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
