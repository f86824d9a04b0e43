//! A corner of the Redis server that figures are taken on: a prefix of its own for all keys.

use std::env;

use anyhow::{Context, Result};
use uuid::Uuid;
use votify_redis::Redis;
use votify_redis::redis::aio::MultiplexedConnection;
use votify_redis::redis::{AsyncCommands, Client, cmd};

/// Everything below its prefix goes with [`remove`](Self::remove).
pub(crate) struct RedisCorner {
    url: String,
    pub(crate) prefix: String,
}

impl RedisCorner {
    /// # Errors
    /// If nobody said which server.
    pub(crate) fn make() -> Result<Self> {
        Ok(Self {
            url: server()?,
            prefix: format!("votify-bench-{}", Uuid::now_v7().simple()),
        })
    }

    /// As stores use it.
    ///
    /// # Errors
    /// If it does not answer.
    pub(crate) async fn redis(&self) -> Result<Redis> {
        Ok(Redis::connect(&self.url).await?.with_prefix(&self.prefix)?)
    }

    /// A connection for one at a time.
    ///
    /// # Errors
    /// If it does not answer.
    pub(crate) async fn connection(&self) -> Result<MultiplexedConnection> {
        connection(&self.url).await
    }

    /// What the server is, and what it keeps on its disk, in words.
    ///
    /// # Errors
    /// If it does not answer.
    pub(crate) async fn settings(&self) -> Result<String> {
        settings(&self.url).await
    }

    /// # Errors
    /// If it does not answer.
    pub(crate) async fn remove(self) -> Result<()> {
        let mut connection = self.connection().await?;
        let mut keys = Vec::new();
        let mut found = connection
            .scan_match::<_, String>(format!("{}:*", self.prefix))
            .await?;
        while let Some(key) = found.next_item().await {
            keys.push(key?);
        }
        drop(found);
        for keys in keys.chunks(1_000) {
            connection.unlink::<_, ()>(keys).await?;
        }
        Ok(())
    }
}

/// The server to measure on.
///
/// # Errors
/// If nobody said which one.
pub(crate) fn server() -> Result<String> {
    env::var("VOTIFY_TEST_REDIS_URL").context(
        "VOTIFY_TEST_REDIS_URL is not set; `cargo xtask bench` finds or starts such a server",
    )
}

/// What the server is, and what it keeps on its disk, in words.
///
/// # Errors
/// If it does not answer.
pub(crate) async fn settings(url: &str) -> Result<String> {
    let mut connection = connection(url).await?;
    let info: String = cmd("INFO")
        .arg("server")
        .query_async(&mut connection)
        .await?;
    let version = field(&info, "redis_version").unwrap_or("of an unknown version");
    let mut told = format!("Redis {version}");
    for name in ["appendonly", "appendfsync", "save"] {
        let value: Vec<String> = cmd("CONFIG")
            .arg("GET")
            .arg(name)
            .query_async(&mut connection)
            .await?;
        let value = value.get(1).map_or("", String::as_str);
        told.push_str(&format!(", {name} {value:?}"));
    }
    Ok(told)
}

/// How often the server was asked to publish something.
///
/// # Errors
/// If it does not answer.
pub(crate) async fn published() -> Result<u32> {
    let mut connection = connection(&server()?).await?;
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
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value.trim())
        .next()
}
