use std::collections::HashMap;

use redis::{Value, cmd};
use votify_core::store::Durability;

use crate::connect::Redis;
use crate::error::Error;

/// The eviction of data by a server whose memory is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Eviction {
    /// The server rejects writes instead.
    Never,
    /// The policy evicts, but no memory limit is set.
    IfLimited,
    /// The policy evicts and a memory limit is set.
    Now,
}

/// The server settings that this module reads.
const SETTINGS: [&str; 6] = [
    "appendonly",
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "save",
    "maxmemory",
    "maxmemory-policy",
];

/// Returns the weakest durability of all servers, according to their settings.
///
/// # Errors
/// - [`Error::Evicting`]: a server evicts data when its memory is full.
/// - Those of a call to the servers.
pub(crate) async fn read(redis: &Redis) -> Result<Durability, Error> {
    let (durability, eviction) = read_settings(redis).await?;
    match eviction {
        Eviction::Now => return Err(Error::Evicting),
        Eviction::IfLimited => tracing::warn!(
            "Redis would evict votes if maxmemory were set; set maxmemory-policy to noeviction"
        ),
        Eviction::Never => {}
    }
    Ok(durability)
}

/// Fails unless every acknowledged vote survives a crash and a loss of power.
///
/// # Errors
/// - [`Error::NotDurable`]: it does not.
pub(crate) fn require(durability: Durability) -> Result<(), Error> {
    if durability.is_durable() {
        Ok(())
    } else {
        Err(Error::NotDurable(durability))
    }
}

/// Reads durability and eviction of all servers, and returns the weakest of each.
async fn read_settings(redis: &Redis) -> Result<(Durability, Eviction), Error> {
    let mut get = cmd("CONFIG");
    get.arg("GET").arg(&SETTINGS);
    match redis.run_on_masters::<HashMap<String, String>>(&get).await {
        Ok(nodes) => {
            let weakest = nodes.iter().map(durability).min();
            let worst = nodes.iter().map(eviction).max();
            Ok((
                weakest.unwrap_or(Durability::Unknown),
                worst.unwrap_or(Eviction::Never),
            ))
        }
        Err(error) if error.is_transient() => Err(error),
        Err(_) => read_info(redis).await,
    }
}

/// Reads the eviction policy from `INFO`, for servers that forbid `CONFIG`.
async fn read_info(redis: &Redis) -> Result<(Durability, Eviction), Error> {
    let mut info = cmd("INFO");
    info.arg("memory");
    let nodes: Vec<Value> = redis.run_on_masters(&info).await?;
    let evictions = nodes.iter().map(|node| {
        let text: String = redis::from_redis_value_ref(node).unwrap_or_default();
        let value_of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim().to_owned())
        };
        let mut settings = HashMap::new();
        for (setting, name) in [
            ("maxmemory", "maxmemory:"),
            ("maxmemory-policy", "maxmemory_policy:"),
        ] {
            settings.extend(value_of(name).map(|value| (setting.to_owned(), value)));
        }
        eviction(&settings)
    });
    Ok((
        Durability::Unknown,
        evictions.max().unwrap_or(Eviction::Never),
    ))
}

fn durability(settings: &HashMap<String, String>) -> Durability {
    let is = |name: &str, value: &str| settings.get(name).is_some_and(|found| found == value);
    if is("appendonly", "yes") {
        // With no-appendfsync-on-rewrite, the server does not sync during a rewrite.
        if is("appendfsync", "always") && is("no-appendfsync-on-rewrite", "no") {
            Durability::PowerLoss
        } else {
            Durability::LastSeconds
        }
    } else if !is("appendonly", "no") {
        Durability::Unknown
    } else if settings.get("save").is_some_and(|save| !save.is_empty()) {
        Durability::LastSnapshot
    } else {
        Durability::Nothing
    }
}

fn eviction(settings: &HashMap<String, String>) -> Eviction {
    let policy = settings.get("maxmemory-policy");
    // The other policies evict only keys with an expiry, and polls have none.
    if !policy.is_some_and(|policy| policy.starts_with("allkeys")) {
        Eviction::Never
    } else if settings.get("maxmemory").is_some_and(|limit| limit == "0") {
        Eviction::IfLimited
    } else {
        Eviction::Now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(values: [&str; 6]) -> HashMap<String, String> {
        let pairs = SETTINGS.into_iter().zip(values);
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn durability_follows_from_the_server_settings() {
        for (values, expected) in [
            (
                ["yes", "always", "no", "", "0", "noeviction"],
                Durability::PowerLoss,
            ),
            (
                ["yes", "always", "yes", "", "0", "noeviction"],
                Durability::LastSeconds,
            ),
            (
                ["yes", "everysec", "no", "", "0", "noeviction"],
                Durability::LastSeconds,
            ),
            (
                ["no", "always", "no", "3600 1", "0", "noeviction"],
                Durability::LastSnapshot,
            ),
            (
                ["no", "always", "no", "", "0", "noeviction"],
                Durability::Nothing,
            ),
        ] {
            assert_eq!(durability(&settings(values)), expected, "{values:?}");
        }
        assert_eq!(durability(&HashMap::new()), Durability::Unknown);
        assert!(Durability::PowerLoss > Durability::LastSeconds);
    }

    #[test]
    fn eviction_follows_from_policy_and_limit() {
        let eviction_of =
            |limit, policy| eviction(&settings(["yes", "always", "no", "", limit, policy]));
        assert_eq!(eviction_of("0", "noeviction"), Eviction::Never);
        assert_eq!(eviction_of("100", "volatile-lru"), Eviction::Never);
        assert_eq!(eviction_of("0", "allkeys-lru"), Eviction::IfLimited);
        assert_eq!(eviction_of("100", "allkeys-random"), Eviction::Now);
    }
}
