use std::fmt;

use super::redis_url;
use super::server_url::ServerUrl;
use super::store::StoreUrl;
use crate::failure::Failure;

/// What stands in front of the store and spares it work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CacheUrl {
    None,
    Redis(ServerUrl),
}

impl CacheUrl {
    pub(super) const DEFAULT: &str = "none";

    /// # Errors
    /// If a cache in front of this store would do harm.
    pub(super) fn check(&self, store: &StoreUrl) -> Result<(), Failure> {
        let problem = match (self, store) {
            (Self::None, _) => return Ok(()),
            (_, StoreUrl::Redis(_)) => "polls in Redis need no cache in front of them",
            // Through the cache it would know polls of other processes, and not their votes.
            (_, store) if !store.outlives_process() => {
                "polls in memory need no cache in front of them, and none may be shared with other processes"
            }
            _ => return Ok(()),
        };
        Err(Failure::usage(format!(
            "--cache: {problem}: leave it at none, or choose another --store"
        )))
    }
}

/// The URL without its password.
impl fmt::Display for CacheUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str(Self::DEFAULT),
            Self::Redis(url) => url.fmt(f),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<CacheUrl, String> {
    match text.split_once(':') {
        None if text == CacheUrl::DEFAULT => Ok(CacheUrl::None),
        Some((scheme, _)) if redis_url::is_redis(scheme) => {
            redis_url::parse(text).map(CacheUrl::Redis)
        }
        _ => Err("this build knows none and redis:".into()),
    }
}
