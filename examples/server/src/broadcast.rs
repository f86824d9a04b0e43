use std::sync::Arc;

use votify_core::{Broadcaster, MemoryBroadcaster};
use votify_redis::RedisBroadcaster;
use votify_sqlx::PostgresBroadcaster;

use crate::failure::Failure;
use crate::redis::Helpers;
use crate::settings::BroadcastUrl;

const SETTING: &str = "--broadcast";

/// The way by which instances hear of each other's votes.
#[derive(Debug, Clone)]
pub(crate) enum OpenBroadcast {
    Local,
    Postgres(PostgresBroadcaster),
    Redis(RedisBroadcaster),
}

impl OpenBroadcast {
    pub(crate) async fn open(url: &BroadcastUrl, helpers: &mut Helpers) -> Result<Self, Failure> {
        let opened = match url {
            BroadcastUrl::Local => return Ok(Self::Local),
            BroadcastUrl::Postgres(url) => {
                let opened = PostgresBroadcaster::connect(url.as_given()).await;
                opened.map(Self::Postgres)
            }
            BroadcastUrl::Redis(url) => {
                let redis = helpers.connect(SETTING, url).await?;
                RedisBroadcaster::from_client(redis).await.map(Self::Redis)
            }
        };
        opened.map_err(|error| Failure::of_setting(SETTING, &error))
    }

    /// The broadcaster as the engine takes it.
    pub(crate) fn shared(&self) -> Arc<dyn Broadcaster> {
        match self {
            Self::Local => Arc::new(MemoryBroadcaster::default()),
            Self::Postgres(broadcaster) => Arc::new(broadcaster.clone()),
            Self::Redis(broadcaster) => Arc::new(broadcaster.clone()),
        }
    }

    /// Closes its connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Local => {}
            Self::Postgres(broadcaster) => broadcaster.close().await,
            Self::Redis(broadcaster) => broadcaster.close().await,
        }
    }
}
