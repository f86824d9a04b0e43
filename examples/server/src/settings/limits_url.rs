use std::fmt;

use super::redis_url;
use super::server_url::ServerUrl;

/// The value of `--limits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LimitsUrl {
    /// In this process, per instance.
    Local,
    /// In Redis, for all instances together.
    Redis(ServerUrl),
    /// No rate is limited.
    Off,
}

impl LimitsUrl {
    pub(super) const DEFAULT: &str = "local:";
}

/// Writes the URL without its password.
impl fmt::Display for LimitsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str(Self::DEFAULT),
            Self::Redis(url) => url.fmt(f),
            Self::Off => f.write_str("off"),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<LimitsUrl, String> {
    match text.split_once(':') {
        None if text == "off" => Ok(LimitsUrl::Off),
        Some(("local", "")) => Ok(LimitsUrl::Local),
        Some((scheme, _)) if redis_url::is_redis(scheme) => {
            redis_url::parse(text).map(LimitsUrl::Redis)
        }
        _ => Err("must be local:, redis:… or off".into()),
    }
}
