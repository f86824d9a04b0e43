use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::broadcast::{Broadcaster, NodeId};
use crate::engine::announce::Announcer;
use crate::engine::config::EngineConfig;
use crate::engine::live::departure::Departure;
use crate::engine::live::room::{News, Room};
use crate::engine::reader::Reader;
use crate::id::{OptionId, PollId};
use crate::poll::Poll;
use crate::tally::Audience;
use crate::tally::Tally;
use crate::voter::VoterId;

/// The rooms of all polls that somebody watches through this engine.
#[derive(Debug)]
pub(in crate::engine) struct Hub {
    pub(super) reader: Arc<Reader>,
    pub(super) broadcaster: Arc<dyn Broadcaster>,
    pub(super) announcer: Arc<Announcer>,
    pub(super) config: EngineConfig,
    pub(super) node: NodeId,
    pub(super) shutdown: CancellationToken,
    tasks: TaskTracker,
    rooms: Mutex<HashMap<PollId, Arc<Room>>>,
    viewers: AtomicU64,
    departure: OnceLock<Arc<Departure>>,
}

impl Hub {
    pub(in crate::engine) fn new(
        reader: Arc<Reader>,
        broadcaster: Arc<dyn Broadcaster>,
        announcer: Arc<Announcer>,
        config: EngineConfig,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            reader,
            broadcaster,
            announcer,
            config,
            node: NodeId(uuid::Uuid::new_v4().as_u128()),
            shutdown,
            tasks,
            rooms: Mutex::default(),
            viewers: AtomicU64::new(0),
            departure: OnceLock::new(),
        }
    }

    /// Enters the room of a poll, opening it if nobody is there yet; `None` once all viewers are to leave.
    pub(super) fn enter(self: &Arc<Self>, poll: PollId) -> Option<Ticket> {
        let mut rooms = self.rooms();
        if self.departure().is_some() {
            return None;
        }
        let room = rooms.entry(poll).or_insert_with(|| {
            let room = Arc::new(Room::new(poll));
            self.tasks.spawn(Arc::clone(&room).run(Arc::clone(self)));
            room
        });
        // Counted under the lock under which an empty room is closed.
        let number = room.enter();
        self.viewers.fetch_add(1, Ordering::Relaxed);
        Some(Ticket {
            room: Arc::clone(room),
            hub: Arc::clone(self),
            number,
        })
    }

    /// Lets all viewers leave, one after the other and the last before `within` is over; ends when nobody is left, or then.
    pub(in crate::engine) async fn drain_viewers(&self, within: Duration) {
        let now = Instant::now();
        let departure = {
            // Whoever entered before is counted, and nobody enters behind.
            let _rooms = self.rooms();
            let viewers = self.viewers.load(Ordering::Relaxed);
            let begin = || Arc::new(Departure::new(viewers, within, now));
            let departure = Arc::clone(self.departure.get_or_init(begin));
            if viewers == 0 {
                departure.all_gone.cancel();
            }
            departure
        };
        for room in self.open_rooms() {
            room.hear(News::Departure);
        }
        // Who does not listen by then is cut off by the engine's shutdown.
        let _ = tokio::time::timeout_at(now + within, departure.all_gone.cancelled()).await;
    }

    pub(super) fn departure(&self) -> Option<&Arc<Departure>> {
        self.departure.get()
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
    /// How many were in the room before.
    pub(super) number: u32,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.room.leave();
        let left = self.hub.viewers.fetch_sub(1, Ordering::AcqRel) - 1;
        if left == 0
            && let Some(departure) = self.hub.departure()
        {
            departure.all_gone.cancel();
        }
    }
}
