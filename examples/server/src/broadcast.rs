use std::sync::Arc;

use votify_core::{Broadcaster, MemoryBroadcaster};

use votify_sqlx::PostgresBroadcaster;

use crate::failure::Failure;
use crate::settings::BroadcastUrl;

/// The way by which instances hear of each other's votes.
#[derive(Debug, Clone)]
pub(crate) enum OpenBroadcast {
    Local,
    Postgres(PostgresBroadcaster),
}

impl OpenBroadcast {
    pub(crate) async fn open(url: &BroadcastUrl) -> Result<Self, Failure> {
        match url {
            BroadcastUrl::Local => Ok(Self::Local),
            BroadcastUrl::Postgres(url) => {
                let opened = PostgresBroadcaster::connect(url.as_given()).await;
                opened
                    .map(Self::Postgres)
                    .map_err(|error| Failure::of_setting("--broadcast", &error))
            }
        }
    }

    /// The broadcaster as the engine takes it.
    pub(crate) fn shared(&self) -> Arc<dyn Broadcaster> {
        match self {
            Self::Local => Arc::new(MemoryBroadcaster::default()),
            Self::Postgres(broadcaster) => Arc::new(broadcaster.clone()),
        }
    }

    /// Closes its connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Local => {}
            Self::Postgres(broadcaster) => broadcaster.close().await,
        }
    }
}
