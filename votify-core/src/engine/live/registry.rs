use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::engine::live::drain::Drain;
use crate::engine::live::room::Room;
use crate::engine::live::room::context::{CloseMode, RoomContext};
use crate::engine::live::room::task;
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::tally_change::TallyChange;
use crate::id::PollId;

/// The rooms of all polls that are watched through this engine.
#[derive(Debug)]
pub(in crate::engine) struct RoomRegistry {
    pub(super) context: Arc<RoomContext>,
    tasks: TaskTracker,
    rooms: Mutex<HashMap<PollId, Arc<Room>>>,
    viewers: AtomicU64,
}

impl RoomRegistry {
    pub(in crate::engine) fn new(context: RoomContext, tasks: TaskTracker) -> Self {
        Self {
            context: Arc::new(context),
            tasks,
            rooms: Mutex::default(),
            viewers: AtomicU64::new(0),
        }
    }

    /// Joins the room of a poll, and opens it if needed. Returns `None` once the
    /// engine disconnects all viewers.
    pub(super) fn join(self: &Arc<Self>, poll: PollId) -> Option<ViewerGuard> {
        let mut rooms = self.rooms();
        if self.context.drain.get().is_some() {
            return None;
        }
        let room = rooms.entry(poll).or_insert_with(|| self.open(poll));
        // Counted under the lock under which empty rooms are closed.
        let join_index = room.join();
        self.viewers.fetch_add(1, Ordering::Relaxed);
        Some(ViewerGuard {
            room: Arc::clone(room),
            registry: Arc::clone(self),
            join_index,
        })
    }

    fn open(self: &Arc<Self>, poll: PollId) -> Arc<Room> {
        let room = Arc::new(Room::new(poll));
        let (registry, own) = (Arc::clone(self), Arc::clone(&room));
        let close = move |mode| registry.close(&own, mode);
        let context = Arc::clone(&self.context);
        self.tasks
            .spawn(task::run_room(Arc::clone(&room), context, close));
        room
    }

    /// Removes a room, and returns true if it did or if the room was removed before.
    fn close(&self, room: &Arc<Room>, mode: CloseMode) -> bool {
        let mut rooms = self.rooms();
        if mode == CloseMode::IfEmpty && room.local_viewers() > 0 {
            return false;
        }
        let current = rooms.get(&room.poll);
        if current.is_some_and(|current| Arc::ptr_eq(current, room)) {
            rooms.remove(&room.poll);
        }
        true
    }

    /// Ends all watches one after the other. Returns when no viewer is left, at the
    /// latest after `timeout`.
    pub(in crate::engine) async fn drain_viewers(&self, timeout: Duration) {
        let now = Instant::now();
        let drain = {
            // Under the lock, so that each viewer either is counted or cannot join any
            // more.
            let _rooms = self.rooms();
            let viewers = self.viewers.load(Ordering::Relaxed);
            let start = || Arc::new(Drain::new(viewers, timeout, now));
            let drain = Arc::clone(self.context.drain.get_or_init(start));
            if viewers == 0 {
                drain.drained.cancel();
            }
            drain
        };
        for room in self.open_rooms() {
            room.update_mailbox(|mailbox| mailbox.draining = true);
        }
        // The engine's shutdown ends the watches that remain after the timeout.
        let _ = tokio::time::timeout_at(now + timeout, drain.drained.cancelled()).await;
    }

    /// Sends a new tally to the viewers of its poll.
    pub(in crate::engine) fn notify_tally_changed(&self, change: &TallyChange) {
        if let Some(room) = self.room(change.tally.poll) {
            room.add_tally(change);
        }
    }

    /// Sends a new definition to the viewers of its poll.
    pub(in crate::engine) fn notify_definition_changed(&self, loaded: LoadedPoll) {
        if let Some(room) = self.room(loaded.poll.id) {
            room.update_mailbox(|mailbox| mailbox.set_definition(loaded));
        }
    }

    /// Informs the viewers of a poll that it is deleted.
    pub(in crate::engine) fn notify_deleted(&self, poll: PollId) {
        if let Some(room) = self.room(poll) {
            room.update_mailbox(|mailbox| mailbox.deleted = true);
        }
    }

    /// Returns the number of viewers of a poll on all instances, or 0 if this instance has
    /// no viewer of it.
    pub(in crate::engine) fn viewers_of(&self, poll: PollId) -> u32 {
        self.room(poll).map_or(0, |room| room.total_viewers())
    }

    /// Returns the numbers of viewers and of watched polls of this engine.
    pub(in crate::engine) fn counts(&self) -> (u64, u64) {
        let polls = u64::try_from(self.rooms().len()).unwrap_or(u64::MAX);
        (self.viewers.load(Ordering::Relaxed), polls)
    }

    pub(super) fn open_rooms(&self) -> Vec<Arc<Room>> {
        self.rooms().values().cloned().collect()
    }

    fn room(&self, poll: PollId) -> Option<Arc<Room>> {
        self.rooms().get(&poll).cloned()
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<PollId, Arc<Room>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One viewer in a room. Dropping it leaves the room.
#[derive(Debug)]
pub(super) struct ViewerGuard {
    pub(super) room: Arc<Room>,
    registry: Arc<RoomRegistry>,
    /// The number of viewers that were in the room before.
    pub(super) join_index: u32,
}

impl ViewerGuard {
    pub(super) fn context(&self) -> &RoomContext {
        &self.registry.context
    }
}

impl Drop for ViewerGuard {
    fn drop(&mut self) {
        self.room.leave();
        let left = self.registry.viewers.fetch_sub(1, Ordering::AcqRel) - 1;
        if left == 0
            && let Some(drain) = self.context().drain.get()
        {
            drain.drained.cancel();
        }
    }
}
