//! A temporary key prefix on the Redis server of `cargo xtask bench`.

use std::env;

use anyhow::{Context, Result};
use uuid::Uuid;
use votify_redis::Redis;
use votify_redis::redis::aio::MultiplexedConnection;
use votify_redis::redis::{AsyncCommands, Client, cmd};

/// A key prefix. [`remove`](Self::remove) deletes all keys below it.
pub(crate) struct ScratchRedis {
    url: String,
    pub(crate) prefix: String,
}

impl ScratchRedis {
    /// # Errors
    /// If no server is configured.
    pub(crate) fn create() -> Result<Self> {
        Ok(Self {
            url: server_url()?,
            prefix: format!("votify-bench-{}", Uuid::now_v7().simple()),
        })
    }

    /// Connects as stores do, with the prefix.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub(crate) async fn redis(&self) -> Result<Redis> {
        Ok(Redis::connect(&self.url).await?.with_prefix(&self.prefix)?)
    }

    /// Opens a connection without a prefix.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub(crate) async fn connection(&self) -> Result<MultiplexedConnection> {
        connection(&self.url).await
    }

    /// Returns the server's version and its persistence settings.
    ///
    /// # Errors
    /// If the server cannot be queried.
    pub(crate) async fn describe(&self) -> Result<String> {
        describe(&self.url).await
    }

    /// # Errors
    /// If the server cannot be reached.
    pub(crate) async fn remove(self) -> Result<()> {
        let mut connection = self.connection().await?;
        let mut keys = Vec::new();
        let mut scan = connection
            .scan_match::<_, String>(format!("{}:*", self.prefix))
            .await?;
        while let Some(key) = scan.next_item().await {
            keys.push(key?);
        }
        drop(scan);
        for keys in keys.chunks(1_000) {
            connection.unlink::<_, ()>(keys).await?;
        }
        Ok(())
    }
}

/// Returns the URL of the server.
///
/// # Errors
/// If the environment variable is not set.
pub(crate) fn server_url() -> Result<String> {
    env::var("VOTIFY_TEST_REDIS_URL")
        .context("VOTIFY_TEST_REDIS_URL is not set; `cargo xtask bench` finds or starts a server")
}

/// Returns the version and the persistence settings of a server.
///
/// # Errors
/// If the server cannot be queried.
pub(crate) async fn describe(url: &str) -> Result<String> {
    let mut connection = connection(url).await?;
    let info: String = cmd("INFO")
        .arg("server")
        .query_async(&mut connection)
        .await?;
    let version = field(&info, "redis_version").unwrap_or("of unknown version");
    let mut description = format!("Redis {version}");
    for name in ["appendonly", "appendfsync", "save"] {
        let value: Vec<String> = cmd("CONFIG")
            .arg("GET")
            .arg(name)
            .query_async(&mut connection)
            .await?;
        let value = value.get(1).map_or("", String::as_str);
        description.push_str(&format!(", {name} {value:?}"));
    }
    Ok(description)
}

/// Returns the number of `PUBLISH` commands since the server's start.
///
/// # Errors
/// If the server cannot be queried.
pub(crate) async fn publish_count() -> Result<u32> {
    let mut connection = connection(&server_url()?).await?;
    let info: String = cmd("INFO")
        .arg("commandstats")
        .query_async(&mut connection)
        .await?;
    let calls = field(&info, "cmdstat_publish").and_then(|stat| stat.strip_prefix("calls="));
    let calls = calls.and_then(|stat| stat.split(',').next());
    calls.map_or(Ok(0), |calls| Ok(calls.parse()?))
}

async fn connection(url: &str) -> Result<MultiplexedConnection> {
    let client = Client::open(url)?;
    Ok(client.get_multiplexed_async_connection().await?)
}

fn field<'i>(info: &'i str, name: &str) -> Option<&'i str> {
    let lines = info.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.trim())
        .next()
}
