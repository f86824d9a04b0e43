use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::broadcast::{Broadcaster, InstanceId};
use crate::engine::config::EngineConfig;
use crate::engine::live::drain::Drain;
use crate::engine::loader::PollLoader;
use crate::engine::queue::PendingBallots;
use crate::engine::update_sender::UpdateSender;

/// The dependencies that all rooms of an engine share.
#[derive(Debug)]
pub(in crate::engine) struct RoomContext {
    pub(in crate::engine::live) loader: Arc<PollLoader>,
    pub(in crate::engine::live) broadcaster: Arc<dyn Broadcaster>,
    pub(in crate::engine::live) update_sender: Arc<UpdateSender>,
    /// The ballots of a queue that are looked up after each new tally.
    pub(in crate::engine::live) pending: Arc<PendingBallots>,
    pub(in crate::engine::live) config: EngineConfig,
    pub(in crate::engine::live) instance: InstanceId,
    pub(in crate::engine::live) shutdown: CancellationToken,
    /// Set when the engine starts to disconnect all viewers.
    pub(in crate::engine::live) drain: OnceLock<Arc<Drain>>,
}

impl RoomContext {
    pub(in crate::engine) fn new(
        loader: Arc<PollLoader>,
        broadcaster: Arc<dyn Broadcaster>,
        update_sender: Arc<UpdateSender>,
        pending: Arc<PendingBallots>,
        config: EngineConfig,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            loader,
            broadcaster,
            update_sender,
            pending,
            config,
            instance: InstanceId(uuid::Uuid::new_v4().as_u128()),
            shutdown,
            drain: OnceLock::new(),
        }
    }
}

/// The condition for removing a room from the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::live) enum CloseMode {
    /// Only if the room has no viewers.
    IfEmpty,
    /// In any case.
    Always,
}
