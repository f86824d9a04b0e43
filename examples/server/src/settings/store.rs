use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

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
}

impl StoreUrl {
    pub(super) const DEFAULT: &str = "sqlite://votify.db?mode=rwc";

    /// The URL.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Memory => "memory:",
            Self::Sqlite { url, .. } => url,
        }
    }

    /// The file that outlives this process, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::Sqlite { file, .. } => file.as_deref(),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<StoreUrl, String> {
    if matches!(text, "memory:" | "memory://") {
        return Ok(StoreUrl::Memory);
    }
    match text.split_once(':') {
        Some(("sqlite", rest)) => sqlite_file(rest).map(|file| StoreUrl::Sqlite { url: text.to_owned(), file }),
        Some((scheme, _)) if !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) => {
            Err(format!("this build knows sqlite: and memory: stores, not {scheme}:"))
        }
        _ => Err(format!("must be a URL like {} or memory:", StoreUrl::DEFAULT)),
    }
}

/// The file that sqlx opens for this URL.
fn sqlite_file(rest: &str) -> Result<Option<PathBuf>, String> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path == ":memory:" || parameters.split('&').any(|parameter| parameter == "mode=memory") {
        return Ok(None);
    }
    let path = percent_decode_str(path).decode_utf8().map_err(|_| "the file's name must be UTF-8".to_owned())?;
    if path.is_empty() {
        return Err(format!("names no file; write it like {}", StoreUrl::DEFAULT));
    }
    Ok(Some(PathBuf::from(path.as_ref())))
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
        assert_eq!(file("sqlite:///var/lib/votify/my%20polls.db?mode=rwc"), "/var/lib/votify/my polls.db");
        for memory in ["memory:", "sqlite::memory:", "sqlite://:memory:", "sqlite://x?mode=memory"] {
            assert_eq!(parse(memory).unwrap().file(), None, "{memory}");
        }
    }

    #[test]
    fn other_stores_are_refused_without_their_password() {
        let problem = parse("postgres://votify:hunter2@db/votify").unwrap_err();
        assert_eq!(problem, "this build knows sqlite: and memory: stores, not postgres:");
        assert!(parse("hunter2 not a url").is_err_and(|problem| !problem.contains("hunter2")));
        assert!(parse("sqlite://?mode=rwc").is_err());
    }
}
