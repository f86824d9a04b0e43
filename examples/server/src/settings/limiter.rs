use std::fmt;

use super::redis_url;
use super::server_url::ServerUrl;

/// Where attempts are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LimiterUrl {
    /// In this process, for this instance alone.
    Local,
    /// In Redis, for all instances together.
    Redis(ServerUrl),
    /// Nowhere: no rate is limited.
    Off,
}

impl LimiterUrl {
    pub(super) const DEFAULT: &str = "local:";
}

/// The URL without its password.
impl fmt::Display for LimiterUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str(Self::DEFAULT),
            Self::Redis(url) => url.fmt(f),
            Self::Off => f.write_str("off"),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<LimiterUrl, String> {
    match text.split_once(':') {
        None if text == "off" => Ok(LimiterUrl::Off),
        Some(("local", "")) => Ok(LimiterUrl::Local),
        Some((scheme, _)) if redis_url::is_redis(scheme) => {
            redis_url::parse(text).map(LimiterUrl::Redis)
        }
        _ => Err("this build knows local:, redis: and off".into()),
    }
}
