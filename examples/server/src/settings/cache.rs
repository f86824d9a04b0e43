use std::fmt;

use super::redis_url;
use super::server_url::ServerUrl;
use super::sources::Sources;
use super::store::StoreUrl;
use crate::error::CliError;

/// The value of `--cache`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CacheUrl {
    None,
    Redis(ServerUrl),
}

impl CacheUrl {
    pub(super) const DEFAULT: &str = "none";

    /// Reads the setting, and checks it for this store.
    pub(super) fn read(
        flag: Option<&String>,
        sources: &Sources<'_>,
        store: &StoreUrl,
    ) -> Result<Self, CliError> {
        let cache = sources
            .setting("cache", flag, sources.file().cache.as_ref())
            .private()
            .parse_or(Self::DEFAULT, parse)?;
        cache.check(store)?;
        Ok(cache)
    }

    /// Fails if a cache in front of this store would do harm.
    fn check(&self, store: &StoreUrl) -> Result<(), CliError> {
        let problem = match (self, store) {
            (Self::None, _) => return Ok(()),
            (_, StoreUrl::Redis(_)) => "a store in Redis needs no cache",
            // Through the cache it would see polls of other processes without their
            // votes.
            (_, store) if !store.outlives_process() => {
                "a store in memory needs no cache, and cannot share one with other processes"
            }
            _ => return Ok(()),
        };
        Err(CliError::usage(format!(
            "--cache: {problem}: leave it at none, or choose another --store"
        )))
    }
}

/// Writes the URL without its password.
impl fmt::Display for CacheUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str(Self::DEFAULT),
            Self::Redis(url) => url.fmt(f),
        }
    }
}

fn parse(text: &str) -> Result<CacheUrl, String> {
    match text.split_once(':') {
        None if text == CacheUrl::DEFAULT => Ok(CacheUrl::None),
        Some((scheme, _)) if redis_url::is_redis(scheme) => {
            redis_url::parse(text).map(CacheUrl::Redis)
        }
        _ => Err("must be none or begin with redis:".into()),
    }
}
