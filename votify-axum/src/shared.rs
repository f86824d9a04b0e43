use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use votify_core::PollEngine;
use votify_core::backend::LogThrottle;

#[cfg(feature = "accounts")]
use crate::accounts::Desk;
use crate::config::Config;
use crate::limits::Slots;
#[cfg(feature = "accounts")]
use crate::problem::{Code, Problem};
use crate::session::CookieForm;
use crate::stream::Pulse;

/// What all handlers have in common.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) engine: PollEngine,
    pub(crate) config: Config,
    pub(crate) cookie: CookieForm,
    pub(crate) streams: Arc<Slots>,
    /// When WebSockets are pinged, and event streams get a comment.
    pub(crate) pings: Pulse,
    pub(crate) comments: Pulse,
    /// While the limiter is away.
    pub(crate) unlimited: LogThrottle,
    pub(crate) description: Bytes,
    /// Where there are accounts.
    #[cfg(feature = "accounts")]
    pub(crate) desk: Option<Arc<Desk>>,
}

impl Shared {
    pub(crate) fn new(engine: PollEngine, mut config: Config, description: Bytes) -> Self {
        #[cfg(feature = "accounts")]
        let desk = config.accounts.take().map(|accounts| {
            let desk = Arc::new(Desk::new(engine.clone(), &accounts, config.cookies()));
            config.identity = Some(Arc::clone(&desk) as _);
            desk
        });
        #[cfg(not(feature = "accounts"))]
        let _ = &mut config;
        let streams = Arc::new(Slots::new(config.streams_per_address));
        let timing = config.timing;
        Self(Arc::new(Parts {
            engine,
            cookie: CookieForm::new(config.cookies()),
            config,
            streams,
            pings: Pulse::new(timing.ping),
            comments: Pulse::new(timing.comment),
            unlimited: LogThrottle::default(),
            description,
            #[cfg(feature = "accounts")]
            desk,
        }))
    }

    /// Where people register and log in. The calls are only there where it is.
    #[cfg(feature = "accounts")]
    pub(crate) fn desk(&self) -> Result<&Desk, Problem> {
        self.desk.as_deref().ok_or_else(|| Code::NotFound.into())
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
