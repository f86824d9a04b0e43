use std::fmt;
use std::path::{Path, PathBuf};

use votify_sqlx::sqlx::sqlite::SqliteConnectOptions;

use super::redis_url;
use super::server_url::ServerUrl;

/// The value of `--store`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// In the memory of this process.
    Memory,
    /// A SQLite database.
    Sqlite {
        /// The URL for sqlx.
        url: String,
        /// The file; `None` for a database in memory.
        file: Option<PathBuf>,
    },
    /// PostgreSQL.
    Postgres(ServerUrl),
    /// MySQL or MariaDB.
    MySql(ServerUrl),
    /// Redis.
    Redis(ServerUrl),
}

impl StoreUrl {
    pub(super) const DEFAULT: &str = "sqlite://votify.db?mode=rwc";

    /// Returns the database file, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite { file, .. } => file.as_deref(),
            Self::Memory | Self::Postgres(_) | Self::MySql(_) | Self::Redis(_) => None,
        }
    }

    /// Returns true for a SQLite URL with which the database is only read.
    pub(crate) fn is_read_only(&self) -> bool {
        match self {
            Self::Sqlite { url, .. } => {
                let query = url.split_once('?').map_or("", |(_, query)| query);
                let mut parameters = query.split('&');
                parameters.any(|parameter| {
                    matches!(parameter, "mode=ro" | "immutable=true" | "immutable=1")
                })
            }
            Self::Memory | Self::Postgres(_) | Self::MySql(_) | Self::Redis(_) => false,
        }
    }

    /// Returns true for a server, which other processes may use too.
    pub(crate) const fn is_server(&self) -> bool {
        matches!(self, Self::Postgres(_) | Self::MySql(_) | Self::Redis(_))
    }

    /// Returns true if polls outlive this process.
    pub(crate) const fn outlives_process(&self) -> bool {
        match self {
            Self::Memory => false,
            Self::Sqlite { file, .. } => file.is_some(),
            Self::Postgres(_) | Self::MySql(_) | Self::Redis(_) => true,
        }
    }

    /// Returns true if the store has a schema, which `votify migrate` creates and
    /// upgrades.
    pub(crate) const fn has_schema(&self) -> bool {
        !matches!(self, Self::Memory | Self::Redis(_))
    }

    /// Returns true if the store can hold accounts.
    pub(crate) const fn has_accounts(&self) -> bool {
        !matches!(self, Self::Redis(_))
    }
}

/// Writes the URL without its password.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite { url, .. } => f.write_str(url),
            Self::Postgres(url) | Self::MySql(url) | Self::Redis(url) => url.fmt(f),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<StoreUrl, String> {
    match text.split_once(':') {
        Some(("memory", "" | "//")) => Ok(StoreUrl::Memory),
        Some(("sqlite", rest)) => sqlite(text, rest),
        Some(("postgres" | "postgresql", _)) => ServerUrl::parse(text).map(StoreUrl::Postgres),
        Some(("mysql" | "mariadb", _)) => ServerUrl::parse(text).map(StoreUrl::MySql),
        Some((scheme, _)) if redis_url::is_redis(scheme) => {
            redis_url::parse(text).map(StoreUrl::Redis)
        }
        Some((scheme, _))
            if scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            Err(format!(
                "must begin with sqlite:, postgres:, mysql:, redis: or memory:, not {scheme}:"
            ))
        }
        _ => Err(format!(
            "must be a URL like {} or memory:",
            StoreUrl::DEFAULT
        )),
    }
}

fn sqlite(url: &str, rest: &str) -> Result<StoreUrl, String> {
    let options: SqliteConnectOptions = url
        .parse()
        .map_err(|error| format!("{error}; write it like {}", StoreUrl::DEFAULT))?;
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let in_memory = matches!(path, ":memory:" | "//:memory:")
        || parameters
            .split('&')
            .any(|parameter| parameter == "mode=memory");
    let file = (!in_memory).then(|| options.get_filename().to_owned());
    if file
        .as_ref()
        .is_some_and(|file| file.as_os_str().is_empty())
    {
        return Err(format!("has no file; write it like {}", StoreUrl::DEFAULT));
    }
    Ok(StoreUrl::Sqlite {
        url: url.to_owned(),
        file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(url: &str) -> String {
        parse(url).unwrap().file().unwrap().display().to_string()
    }

    #[test]
    fn urls_name_their_files() {
        assert_eq!(file(StoreUrl::DEFAULT), "votify.db");
        assert_eq!(file("sqlite:votify.db"), "votify.db");
        assert_eq!(
            file("sqlite:///var/lib/votify/my%20polls.db?mode=rwc"),
            "/var/lib/votify/my polls.db"
        );
        for memory in [
            "memory:",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://x?mode=memory",
        ] {
            assert_eq!(parse(memory).unwrap().file(), None, "{memory}");
        }
    }

    #[test]
    fn errors_of_unknown_stores_do_not_show_the_password() {
        let problem = parse("oracle://votify:hunter2@db/votify").unwrap_err();
        assert_eq!(
            problem,
            "must begin with sqlite:, postgres:, mysql:, redis: or memory:, not oracle:"
        );
        let server = parse("mysql://votify:hunter2@db/votify").unwrap();
        assert!(server.is_server() && !format!("{server} {server:?}").contains("hunter2"));
        assert!(parse("hunter2 not a url").is_err_and(|problem| !problem.contains("hunter2")));
        assert!(parse("sqlite://?mode=rwc").is_err() && parse("sqlite://x.db?mode=fast").is_err());
    }
}
