//! The kinds of database servers, and the targets of their figures.

use std::env;

use anyhow::{Context, Result, bail};
use url::Url;

use crate::report::Target;

/// A kind of database server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseKind {
    Postgres,
    MySql,
}

/// Targets of votes over HTTP. In a pair, the first value is the target, the second is
/// the aim.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Targets {
    /// Rate relative to the naive server.
    pub(crate) naive: Target,
    /// Rate relative to the source design.
    pub(crate) source_design: Option<(Target, Target)>,
    /// Rate relative to the ceiling, in percent.
    pub(crate) ceiling: (Target, Target),
    /// Rate in many polls, relative to the rate in one poll.
    pub(crate) many_polls: (Target, Target),
}

impl DatabaseKind {
    /// Returns the name for messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL or MariaDB",
        }
    }

    /// Returns the pool size of Votify's store, which the naive server uses too.
    pub(crate) const fn pool_size(self) -> u32 {
        match self {
            Self::Postgres => 10,
            Self::MySql => 8,
        }
    }

    /// Returns the targets of votes over HTTP.
    pub(crate) const fn targets(self) -> Targets {
        match self {
            Self::Postgres => Targets {
                naive: Target::AtLeast(12.0),
                source_design: Some((Target::AtLeast(15.0), Target::AtLeast(22.0))),
                ceiling: (Target::AtLeast(35.0), Target::AtLeast(50.0)),
                many_polls: (Target::AtLeast(0.7), Target::AtLeast(0.9)),
            },
            Self::MySql => Targets {
                naive: Target::AtLeast(10.0),
                source_design: None,
                ceiling: (Target::AtLeast(30.0), Target::AtLeast(42.0)),
                many_polls: (Target::AtLeast(0.67), Target::AtLeast(0.9)),
            },
        }
    }

    /// Returns the URL of the server, on which schemas or databases can be created.
    ///
    /// # Errors
    /// If the environment variable is not set or not a URL.
    pub(crate) fn server_url(self) -> Result<Url> {
        let variable = match self {
            Self::Postgres => "VOTIFY_TEST_POSTGRES_URL",
            Self::MySql => "VOTIFY_TEST_MYSQL_URL",
        };
        let url = env::var(variable).with_context(|| {
            format!("{variable} is not set; `cargo xtask bench` finds or starts a server")
        })?;
        Url::parse(&url).with_context(|| format!("{variable} is not a URL"))
    }

    /// Returns the kind for the scheme of a URL.
    ///
    /// # Errors
    /// If the scheme belongs to neither kind.
    pub(crate) fn from_url(url: &Url) -> Result<Self> {
        match url.scheme() {
            "postgres" | "postgresql" => Ok(Self::Postgres),
            "mysql" | "mariadb" => Ok(Self::MySql),
            scheme => bail!("unsupported database URL scheme {scheme}"),
        }
    }
}
