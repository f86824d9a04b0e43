use std::pin::Pin;

use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use crate::engine::live::published_state::PublishedState;
use crate::tally::Audience;
use crate::voter::VoterId;

/// The reason for which a waiting viewer wakes up.
pub(super) enum WakeReason {
    /// The room published a state.
    StateChanged,
    /// The viewer's ballot was counted or withdrawn.
    AudienceChanged(Audience),
    /// The room is closed, or the viewer is due to be disconnected.
    End,
}

/// The tracking of a viewer whose counts depend on whether they voted.
#[derive(Debug)]
pub(super) struct VoterTracking {
    pub(super) voter: VoterId,
    pub(super) audience: watch::Receiver<Audience>,
    /// The time of the last query for the viewer's ballot.
    pub(super) queried_at: Instant,
}

impl VoterTracking {
    /// Returns true if the audience changed and the watch has not switched to it yet.
    pub(super) fn has_new_audience(&self) -> bool {
        self.audience.has_changed().unwrap_or(false)
    }

    /// Returns the audience if the watch has not switched to it yet.
    pub(super) fn take_new_audience(&mut self) -> Option<Audience> {
        self.has_new_audience()
            .then(|| *self.audience.borrow_and_update())
    }
}

/// Waits until there may be a new frame.
pub(super) async fn wait(
    published: &mut watch::Receiver<PublishedState>,
    tracking: &mut Option<Box<VoterTracking>>,
    drain_at: &mut Option<Pin<Box<Sleep>>>,
) -> WakeReason {
    let state_changed = async {
        match published.changed().await {
            Ok(()) => WakeReason::StateChanged,
            Err(_) => WakeReason::End,
        }
    };
    if tracking.is_none() && drain_at.is_none() {
        return state_changed.await;
    }
    tokio::select! {
        reason = state_changed => reason,
        audience = audience_changed(tracking) => WakeReason::AudienceChanged(audience),
        () = elapsed(drain_at) => WakeReason::End,
    }
}

/// Waits until the audience of a tracked voter changes, and returns it.
async fn audience_changed(tracking: &mut Option<Box<VoterTracking>>) -> Audience {
    if let Some(tracking) = tracking
        && tracking.audience.changed().await.is_ok()
    {
        return *tracking.audience.borrow_and_update();
    }
    std::future::pending().await
}

async fn elapsed(drain_at: &mut Option<Pin<Box<Sleep>>>) {
    match drain_at {
        Some(drain_at) => drain_at.as_mut().await,
        None => std::future::pending().await,
    }
}
