use std::fmt;

use super::redis_url;
use super::server_url::ServerUrl;
use super::sources::Sources;
use crate::error::CliError;

/// The value of `--broadcast`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BroadcastUrl {
    /// Within this process only.
    Local,
    /// PostgreSQL `LISTEN` and `NOTIFY`.
    Postgres(ServerUrl),
    /// Redis pub/sub.
    Redis(ServerUrl),
}

impl BroadcastUrl {
    pub(super) const DEFAULT: &str = "local:";

    pub(super) fn read(flag: Option<&String>, sources: &Sources<'_>) -> Result<Self, CliError> {
        sources
            .setting("broadcast", flag, sources.file().broadcast.as_ref())
            .private()
            .parse_or(Self::DEFAULT, parse)
    }
}

/// Writes the URL without its password.
impl fmt::Display for BroadcastUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str(Self::DEFAULT),
            Self::Postgres(url) | Self::Redis(url) => url.fmt(f),
        }
    }
}

fn parse(text: &str) -> Result<BroadcastUrl, String> {
    match text.split_once(':') {
        Some(("local", "")) => Ok(BroadcastUrl::Local),
        Some(("postgres" | "postgresql", _)) => ServerUrl::parse(text).map(BroadcastUrl::Postgres),
        Some((scheme, _)) if redis_url::is_redis(scheme) => {
            redis_url::parse(text).map(BroadcastUrl::Redis)
        }
        _ => Err("must begin with local:, postgres:, postgresql:, redis: or rediss:".into()),
    }
}
