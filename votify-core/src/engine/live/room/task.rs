use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::Room;
use super::context::{CloseMode, RoomContext};
use super::mailbox::ReloadRequest;
use super::publication::PublishInputs;
use super::state::RoomState;
use crate::broadcast::{Delivery, DeliveryStream, Topic, Update};
use crate::engine::EngineError;
use crate::engine::live::published_state::PublishedState;
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::tally_change::TallyChange;

/// The time after which an empty room closes, so that a page reload does not load the
/// poll again.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);
/// The time between attempts to load the poll of a new room.
const LOAD_RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// Runs a room until its poll is deleted, it is idle, or the engine shuts down.
///
/// `close` removes the room from the registry, and returns true if it did.
pub(in crate::engine::live) async fn run_room(
    room: Arc<Room>,
    context: Arc<RoomContext>,
    close: impl Fn(CloseMode) -> bool + Send + Sync,
) {
    let mut guard = CloseGuard {
        room: &room,
        close: &close,
        end: PublishedState::Ended,
    };
    guard.end = tokio::select! {
        () = context.shutdown.cancelled() => PublishedState::Ended,
        end = publish_until_closed(&room, &context, &close) => end,
    };
}

/// Publishes the poll's state until the poll is deleted or no viewer is left; returns the
/// last published state.
async fn publish_until_closed(
    room: &Room,
    context: &RoomContext,
    close: &(impl Fn(CloseMode) -> bool + Send + Sync),
) -> PublishedState {
    // Subscribed before the poll is loaded, so that no update falls in between.
    let mut deliveries = subscribe(room, context).await;
    let Some(loaded) = load_first(room, context, close).await else {
        return PublishedState::Deleted(None);
    };
    let (viewers, now) = (room.local_viewers(), Instant::now());
    let mut state = RoomState::new(loaded, &context.config, viewers, now);
    room.total_viewers.store(viewers, Ordering::Relaxed);
    room.publish(state.publish(&inputs(room, context)));
    let mut tick = tokio::time::interval(context.config.resync_interval.min(IDLE_TIMEOUT));
    let mut idle_since: Option<Instant> = None;
    loop {
        tokio::select! {
            () = room.notified() => {
                if process_mailbox(room, context, &mut state).await.is_break() {
                    let last = state.last_frames(&inputs(room, context));
                    return PublishedState::Deleted(Some(last));
                }
            }
            delivery = next_delivery(&mut deliveries) => match delivery {
                Some(Delivery::Update(update)) => {
                    handle_update(room, context, &mut state, &update);
                }
                Some(Delivery::Lagged) => room.reload(),
                None => deliveries = None,
            },
            () = elapsed(state.publish_due_at()) => {
                let latency = room.latency.take();
                if let Some(publication) = state.publish_or_delay(latency, &inputs(room, context)) {
                    room.publish(publication);
                    context.pending.notify_tally_published(room.poll);
                }
            }
            _ = tick.tick() => {
                if deliveries.is_none() {
                    deliveries = subscribe(room, context).await;
                    room.reload();
                }
                update_viewers(room, context, &mut state);
                idle_since = if room.local_viewers() == 0 {
                    idle_since.or_else(|| Some(Instant::now()))
                } else {
                    None
                };
                let is_idle = idle_since.is_some_and(|since| since.elapsed() >= IDLE_TIMEOUT);
                if is_idle && close(CloseMode::IfEmpty) {
                    return PublishedState::Ended;
                }
            }
        }
    }
}

/// Loads the poll of a new room, and retries until the room is empty. Returns `None` if
/// the poll does not exist or the room was closed.
async fn load_first(
    room: &Room,
    context: &RoomContext,
    close: &(impl Fn(CloseMode) -> bool + Send + Sync),
) -> Option<LoadedPoll> {
    loop {
        match context.loader.load(room.poll).await {
            Ok(loaded) => return Some(loaded),
            Err(EngineError::PollNotFound(_)) => return None,
            Err(_) if close(CloseMode::IfEmpty) => return None,
            Err(_) => tokio::time::sleep(LOAD_RETRY_INTERVAL).await,
        }
    }
}

/// Applies the mailbox to the state, and reloads the poll if needed. Breaks if the poll
/// is deleted.
async fn process_mailbox(
    room: &Room,
    context: &RoomContext,
    state: &mut RoomState,
) -> ControlFlow<()> {
    if let Some(ReloadRequest { last_number, .. }) = state.apply(room.take_mailbox())? {
        match context.loader.load(room.poll).await {
            Ok(loaded) => state.apply_reload(loaded, last_number),
            Err(EngineError::PollNotFound(_)) => return ControlFlow::Break(()),
            // The next resync requests a reload again.
            Err(_) => {}
        }
    }
    ControlFlow::Continue(())
}

fn handle_update(room: &Room, context: &RoomContext, state: &mut RoomState, update: &Update) {
    match update {
        Update::TallyChanged { tally, vote_sample } => {
            // The broadcaster also delivers this instance's own tallies, which the room
            // has already.
            let newest = room.newest_tally().max(Some(state.position()));
            if Some(tally.position) > newest {
                room.add_tally(&TallyChange {
                    vote_sample: vote_sample.clone(),
                    ..TallyChange::new(Arc::new(tally.clone()))
                });
            }
        }
        Update::DefinitionChanged { poll, tally } => {
            let loaded = LoadedPoll {
                poll: Arc::new((**poll).clone()),
                tally: Arc::new(tally.clone()),
            };
            room.update_mailbox(|mailbox| mailbox.set_definition(loaded));
        }
        Update::Deleted { .. } => room.update_mailbox(|mailbox| mailbox.deleted = true),
        Update::Viewers {
            instance, viewers, ..
        } => {
            if *instance != context.instance {
                state.update_presence(*instance, *viewers, Instant::now());
            }
        }
    }
}

/// Updates the number of viewers, and announces this instance's number to the others if
/// that is due.
fn update_viewers(room: &Room, context: &RoomContext, state: &mut RoomState) {
    let local = room.local_viewers();
    let announce = state.update_viewers(local, Instant::now());
    room.total_viewers
        .store(state.total_viewers(), Ordering::Relaxed);
    if announce {
        context
            .update_sender
            .enqueue_viewers(room.poll, context.instance, local);
    }
}

fn inputs(room: &Room, context: &RoomContext) -> PublishInputs {
    PublishInputs {
        now: Instant::now(),
        time: context.loader.now(),
        local_viewers: room.local_viewers(),
        uses_queue: context.loader.uses_queue,
        drain: context.drain.get().cloned(),
    }
}

/// Waits until `time`; never resolves without one.
async fn elapsed(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn subscribe(room: &Room, context: &RoomContext) -> Option<DeliveryStream> {
    let topic = Topic::Poll(room.poll);
    match context.broadcaster.subscribe(&topic).await {
        Ok(deliveries) => Some(deliveries),
        Err(error) => {
            tracing::warn!(
                poll = %room.poll,
                error = &error as &dyn std::error::Error,
                "failed to subscribe to updates from other instances; retrying"
            );
            None
        }
    }
}

/// Returns the next delivery; never resolves without a subscription.
async fn next_delivery(deliveries: &mut Option<DeliveryStream>) -> Option<Delivery> {
    match deliveries {
        Some(deliveries) => deliveries.next().await,
        None => std::future::pending().await,
    }
}

/// Closes a room however its task ends, so that no viewer waits forever.
struct CloseGuard<'a, F: Fn(CloseMode) -> bool> {
    room: &'a Room,
    close: &'a F,
    end: PublishedState,
}

impl<F: Fn(CloseMode) -> bool> Drop for CloseGuard<'_, F> {
    fn drop(&mut self) {
        (self.close)(CloseMode::Always);
        self.room.public.send_replace(self.end.clone());
        self.room.voted.send_replace(self.end.clone());
    }
}
