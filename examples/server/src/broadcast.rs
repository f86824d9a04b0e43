use std::sync::Arc;

use votify_core::{Broadcaster, MemoryBroadcaster};
use votify_redis::RedisBroadcaster;
use votify_sqlx::PostgresBroadcaster;

use crate::error::CliError;
use crate::redis_connections::RedisConnections;
use crate::settings::BroadcastUrl;

const SETTING: &str = "--broadcast";

/// The broadcaster chosen by `--broadcast`.
#[derive(Debug, Clone)]
pub(crate) enum ServerBroadcaster {
    Local,
    Postgres(PostgresBroadcaster),
    Redis(RedisBroadcaster),
}

impl ServerBroadcaster {
    pub(crate) async fn open(
        url: &BroadcastUrl,
        connections: &mut RedisConnections,
    ) -> Result<Self, CliError> {
        let opened = match url {
            BroadcastUrl::Local => return Ok(Self::Local),
            BroadcastUrl::Postgres(url) => {
                let opened = PostgresBroadcaster::connect(url.as_str()).await;
                opened.map(Self::Postgres)
            }
            BroadcastUrl::Redis(url) => {
                let redis = connections.connect(SETTING, url).await?;
                RedisBroadcaster::from_client(redis).await.map(Self::Redis)
            }
        };
        opened.map_err(|error| CliError::for_setting(SETTING, &error))
    }

    /// Returns the broadcaster for the engine.
    pub(crate) fn shared(&self) -> Arc<dyn Broadcaster> {
        match self {
            Self::Local => Arc::new(MemoryBroadcaster::default()),
            Self::Postgres(broadcaster) => Arc::new(broadcaster.clone()),
            Self::Redis(broadcaster) => Arc::new(broadcaster.clone()),
        }
    }

    /// Closes the connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Local => {}
            Self::Postgres(broadcaster) => broadcaster.close().await,
            Self::Redis(broadcaster) => broadcaster.close().await,
        }
    }
}
