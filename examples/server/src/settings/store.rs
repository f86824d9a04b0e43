use std::fmt;
use std::path::{Path, PathBuf};

use votify_sqlx::sqlx::sqlite::SqliteConnectOptions;

use super::redis_url;
use super::server_url::ServerUrl;

/// Where polls and votes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// In this process.
    Memory,
    /// In a SQLite database.
    Sqlite {
        /// As sqlx reads it.
        url: String,
        /// The file; `None` for a database in memory.
        file: Option<PathBuf>,
    },
    /// In PostgreSQL.
    Postgres(ServerUrl),
    /// In MySQL or MariaDB.
    MySql(ServerUrl),
    /// In Redis.
    Redis(ServerUrl),
}

impl StoreUrl {
    pub(super) const DEFAULT: &str = "sqlite://votify.db?mode=rwc";

    /// The file that outlives this process, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite { file, .. } => file.as_deref(),
            Self::Memory | Self::Postgres(_) | Self::MySql(_) | Self::Redis(_) => None,
        }
    }

    /// Whether it is a server, which other processes may use too.
    pub(crate) const fn is_server(&self) -> bool {
        matches!(self, Self::Postgres(_) | Self::MySql(_) | Self::Redis(_))
    }

    /// Whether polls are still there when this process has ended.
    pub(crate) const fn outlives_process(&self) -> bool {
        match self {
            Self::Memory => false,
            Self::Sqlite { file, .. } => file.is_some(),
            Self::Postgres(_) | Self::MySql(_) | Self::Redis(_) => true,
        }
    }

    /// Whether it has a schema, which `votify migrate` makes and upgrades.
    pub(crate) const fn has_schema(&self) -> bool {
        !matches!(self, Self::Memory | Self::Redis(_))
    }
}

/// The URL without its password.
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
                "this build knows sqlite:, postgres:, mysql:, redis: and memory: stores, not {scheme}:"
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
        return Err(format!(
            "names no file; write it like {}",
            StoreUrl::DEFAULT
        ));
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
    fn files_are_found_in_their_urls() {
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
    fn other_stores_are_refused_without_their_password() {
        let problem = parse("oracle://votify:hunter2@db/votify").unwrap_err();
        assert_eq!(
            problem,
            "this build knows sqlite:, postgres:, mysql:, redis: and memory: stores, not oracle:"
        );
        let server = parse("mysql://votify:hunter2@db/votify").unwrap();
        assert!(server.is_server() && !format!("{server} {server:?}").contains("hunter2"));
        assert!(parse("hunter2 not a url").is_err_and(|problem| !problem.contains("hunter2")));
        assert!(parse("sqlite://?mode=rwc").is_err() && parse("sqlite://x.db?mode=fast").is_err());
    }
}
