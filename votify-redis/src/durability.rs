use std::collections::HashMap;

use redis::{Value, cmd};
use votify_core::store::Durability;

use crate::connect::Redis;
use crate::error::Error;

/// What a server may do with data when its memory is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Eviction {
    /// It refuses what is new.
    Never,
    /// It throws away what it likes, once it has a limit.
    IfLimited,
    /// It throws away what it likes.
    Now,
}

/// The settings that this library asks for.
const SETTINGS: [&str; 6] = [
    "appendonly",
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "save",
    "maxmemory",
    "maxmemory-policy",
];

/// Asks all servers.
pub(crate) async fn ask(redis: &Redis) -> Result<(Durability, Eviction), Error> {
    let mut get = cmd("CONFIG");
    get.arg("GET").arg(&SETTINGS);
    match redis.run_everywhere::<HashMap<String, String>>(&get).await {
        Ok(nodes) => {
            let weakest = nodes.iter().map(durability).min();
            let worst = nodes.iter().map(eviction).max();
            Ok((
                weakest.unwrap_or(Durability::Unknown),
                worst.unwrap_or(Eviction::Never),
            ))
        }
        Err(error) if error.is_transient() => Err(error),
        Err(_) => without_config(redis).await,
    }
}

/// What servers tell that forbid `CONFIG`.
async fn without_config(redis: &Redis) -> Result<(Durability, Eviction), Error> {
    let mut info = cmd("INFO");
    info.arg("memory");
    let nodes: Vec<Value> = redis.run_everywhere(&info).await?;
    let evictions = nodes.iter().map(|node| {
        let text: String = redis::from_redis_value_ref(node).unwrap_or_default();
        let of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim().to_owned())
        };
        let mut settings = HashMap::new();
        for (setting, name) in [
            ("maxmemory", "maxmemory:"),
            ("maxmemory-policy", "maxmemory_policy:"),
        ] {
            settings.extend(of(name).map(|value| (setting.to_owned(), value)));
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
        // Such a server stops syncing while it writes its file anew.
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
    // The others take only what has an expiry, as no poll has.
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
    fn settings_say_what_a_vote_is_worth() {
        for (values, worth) in [
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
            assert_eq!(durability(&settings(values)), worth, "{values:?}");
        }
        assert_eq!(durability(&HashMap::new()), Durability::Unknown);
        assert!(Durability::PowerLoss > Durability::LastSeconds);
    }

    #[test]
    fn what_throws_votes_away_is_known() {
        let of = |limit, policy| eviction(&settings(["yes", "always", "no", "", limit, policy]));
        assert_eq!(of("0", "noeviction"), Eviction::Never);
        assert_eq!(of("100", "volatile-lru"), Eviction::Never);
        assert_eq!(of("0", "allkeys-lru"), Eviction::IfLimited);
        assert_eq!(of("100", "allkeys-random"), Eviction::Now);
    }
}
