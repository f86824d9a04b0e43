use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::broadcast::{Broadcaster, NodeId};
use crate::engine::config::EngineConfig;
use crate::engine::live::room::{News, Room};
use crate::engine::reader::Reader;
use crate::id::{OptionId, PollId};
use crate::poll::Poll;
use crate::tally::Tally;
use crate::view::Audience;
use crate::voter::VoterId;

/// The rooms of all polls that somebody watches through this engine.
#[derive(Debug)]
pub(in crate::engine) struct Hub {
    pub(super) reader: Arc<Reader>,
    pub(super) broadcaster: Arc<dyn Broadcaster>,
    pub(super) config: EngineConfig,
    pub(super) node: NodeId,
    pub(super) shutdown: CancellationToken,
    tasks: TaskTracker,
    rooms: Mutex<HashMap<PollId, Arc<Room>>>,
    viewers: AtomicU64,
}

impl Hub {
    pub(in crate::engine) fn new(
        reader: Arc<Reader>,
        broadcaster: Arc<dyn Broadcaster>,
        config: EngineConfig,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            reader,
            broadcaster,
            config,
            node: NodeId(uuid::Uuid::new_v4().as_u128()),
            shutdown,
            tasks,
            rooms: Mutex::default(),
            viewers: AtomicU64::new(0),
        }
    }

    /// Enters the room of a poll, opening it if nobody is there yet.
    pub(super) fn enter(self: &Arc<Self>, poll: PollId) -> Ticket {
        let mut rooms = self.rooms();
        let room = rooms.entry(poll).or_insert_with(|| {
            let room = Arc::new(Room::new(poll));
            self.tasks.spawn(Arc::clone(&room).run(Arc::clone(self)));
            room
        });
        // Counted under the lock under which an empty room is closed.
        room.enter();
        self.viewers.fetch_add(1, Ordering::Relaxed);
        Ticket {
            room: Arc::clone(room),
            hub: Arc::clone(self),
        }
    }

    /// Closes a room if it is empty; says whether it is closed.
    pub(super) fn close_if_empty(&self, room: &Arc<Room>) -> bool {
        let mut rooms = self.rooms();
        let empty = room.viewers() == 0;
        if empty {
            rooms.remove(&room.poll);
        }
        empty
    }

    /// Closes a room that has nothing more to show, whoever is in it.
    pub(super) fn close(&self, room: &Arc<Room>) {
        let mut rooms = self.rooms();
        if rooms
            .get(&room.poll)
            .is_some_and(|open| Arc::ptr_eq(open, room))
        {
            rooms.remove(&room.poll);
        }
    }

    /// Hands a new tally to the viewers of its poll, if it has any, and tells those whose counts hang on it that their
    /// ballot stands, or does not any more.
    pub(in crate::engine) fn offer_tally(
        &self,
        tally: &Arc<Tally>,
        votes: Vec<OptionId>,
        voters: Vec<(VoterId, Audience)>,
    ) {
        if let Some(room) = self.room(tally.poll) {
            room.hear(News::Tally(Arc::clone(tally), votes, voters));
        }
    }

    /// Hands a new definition to the viewers of a poll, if it has any.
    pub(in crate::engine) fn offer_definition(&self, poll: Arc<Poll>, tally: Arc<Tally>) {
        if let Some(room) = self.room(poll.id) {
            room.hear(News::Definition(poll, tally));
        }
    }

    /// Tells the viewers of a poll that it is gone.
    pub(in crate::engine) fn offer_deletion(&self, poll: PollId) {
        if let Some(room) = self.room(poll) {
            room.hear(News::Deleted);
        }
    }

    /// How many watch a poll, over all nodes.
    pub(in crate::engine) fn viewers_of(&self, poll: PollId) -> u32 {
        self.room(poll).map_or(0, |room| room.viewers_everywhere())
    }

    /// Viewers and watched polls of this engine.
    pub(in crate::engine) fn numbers(&self) -> (u64, u64) {
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

/// One viewer's presence in a room.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) room: Arc<Room>,
    pub(super) hub: Arc<Hub>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.hub.viewers.fetch_sub(1, Ordering::Relaxed);
        self.room.leave();
    }
}
