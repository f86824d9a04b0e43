use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use votify_core::PollEngine;
use votify_core::outage::Outage;

use crate::config::Config;
use crate::limits::Slots;
use crate::stream::Pulse;

/// What all handlers have in common.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) engine: PollEngine,
    pub(crate) config: Config,
    pub(crate) streams: Arc<Slots>,
    /// When WebSockets are pinged, and event streams get a comment.
    pub(crate) pings: Pulse,
    pub(crate) comments: Pulse,
    /// While the limiter is away.
    pub(crate) unlimited: Outage,
    pub(crate) description: Bytes,
}

impl Shared {
    pub(crate) fn new(engine: PollEngine, config: Config, description: Bytes) -> Self {
        let streams = Arc::new(Slots::new(config.streams_per_address));
        let timing = config.timing;
        Self(Arc::new(Parts {
            engine,
            config,
            streams,
            pings: Pulse::new(timing.ping),
            comments: Pulse::new(timing.comment),
            unlimited: Outage::default(),
            description,
        }))
    }
}

impl Deref for Shared {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
