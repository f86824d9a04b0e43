mod show;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::broadcast::{Deliveries, Delivery, Topic, Update};
use crate::engine::live::hub::Hub;
use crate::engine::live::presence::REPEATED_EVERY;
use crate::engine::live::seats::Seats;
use crate::engine::live::stage::Showing;
use crate::id::{OptionId, PollId};
use crate::poll::Poll;
use crate::tally::{Position, Tally};
use crate::view::Audience;
use crate::voter::VoterId;
use show::{Show, Still};

/// How long an empty room stays open, so that a reload of a page does not read the poll anew.
const LINGER: Duration = Duration::from_secs(2);

/// One watched poll: collects news of it, and shows the newest state to its viewers, at most once a tick.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) poll: PollId,
    pub(super) seats: Seats,
    public: watch::Sender<Showing>,
    voted: watch::Sender<Showing>,
    here: AtomicU32,
    everywhere: AtomicU32,
    inbox: Mutex<Inbox>,
    rung: Notify,
    /// How many viewers have asked for a read of the store.
    asked: AtomicU64,
    /// Up to which of these the store has been read.
    answered: watch::Sender<u64>,
}

/// News that the room has not looked at yet; newer tallies take the place of older ones.
#[derive(Debug, Default)]
struct Inbox {
    tally: Option<Arc<Tally>>,
    definition: Option<(Arc<Poll>, Arc<Tally>)>,
    votes: Vec<OptionId>,
    voters: Vec<(VoterId, Audience)>,
    deleted: bool,
    reread: Option<u64>,
}

/// Something to tell the viewers of a poll.
#[derive(Debug)]
pub(super) enum News {
    /// New counts, the options of some single votes in them, and voters whose ballots they count, or do not any more.
    Tally(Arc<Tally>, Vec<OptionId>, Vec<(VoterId, Audience)>),
    Definition(Arc<Poll>, Arc<Tally>),
    Deleted,
    /// Whatever it is, it stands in the store; with the number of the viewer who asks, or 0.
    Reread(u64),
}

impl Room {
    pub(super) fn new(poll: PollId) -> Self {
        Self {
            poll,
            seats: Seats::default(),
            public: watch::Sender::new(Showing::Loading),
            voted: watch::Sender::new(Showing::Loading),
            here: AtomicU32::new(0),
            everywhere: AtomicU32::new(0),
            inbox: Mutex::default(),
            rung: Notify::new(),
            asked: AtomicU64::new(0),
            answered: watch::Sender::new(0),
        }
    }

    pub(super) fn enter(&self) {
        self.here.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn leave(&self) {
        self.here.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn viewers(&self) -> u32 {
        self.here.load(Ordering::Relaxed)
    }

    pub(super) fn viewers_everywhere(&self) -> u32 {
        self.everywhere.load(Ordering::Relaxed).max(self.viewers())
    }

    /// What the audience is shown, now and from now on.
    pub(super) fn showing(&self, audience: Audience) -> watch::Receiver<Showing> {
        match audience {
            Audience::Public => self.public.subscribe(),
            Audience::Voted => self.voted.subscribe(),
        }
    }

    /// Takes news in; the room looks at them as soon as it can.
    pub(super) fn hear(&self, news: News) {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        match news {
            News::Tally(tally, votes, voters) => {
                inbox.voters.extend(self.seats.seated(voters));
                if inbox
                    .tally
                    .as_ref()
                    .is_none_or(|kept| kept.position < tally.position)
                {
                    inbox.tally = Some(tally);
                }
                let room = super::VOTE_SAMPLE.saturating_sub(inbox.votes.len());
                inbox.votes.extend(votes.into_iter().take(room));
            }
            News::Definition(poll, tally) => {
                if inbox
                    .definition
                    .as_ref()
                    .is_none_or(|(_, kept)| kept.position <= tally.position)
                {
                    inbox.definition = Some((poll, tally));
                }
            }
            News::Deleted => inbox.deleted = true,
            News::Reread(asked) => inbox.reread = inbox.reread.max(Some(asked)),
        }
        drop(inbox);
        self.rung.notify_one();
    }

    /// Has the poll read from the store, and waits until what was read is shown; `false` if it is not within `patience`.
    pub(super) async fn reread(&self, patience: Duration) -> bool {
        let mut answered = self.answered.subscribe();
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        self.hear(News::Reread(asked));
        let answered = answered.wait_for(|now| *now >= asked);
        matches!(tokio::time::timeout(patience, answered).await, Ok(Ok(_)))
    }

    pub(super) async fn run(self: Arc<Self>, hub: Arc<Hub>) {
        let mut closing = Closing {
            room: &self,
            hub: &hub,
            end: Showing::Ended,
        };
        closing.end = tokio::select! {
            () = hub.shutdown.cancelled() => Showing::Ended,
            end = self.show(&hub) => end,
        };
    }

    /// Shows the poll until it is gone or nobody is left.
    async fn show(self: &Arc<Self>, hub: &Arc<Hub>) -> Showing {
        // Subscribed before the poll is read, so that nothing falls in between.
        let mut deliveries = self.subscribe(hub).await;
        let Some(mut show) = Show::open(self, hub).await else {
            return Showing::Deleted(None);
        };
        let mut beat = tokio::time::interval(REPEATED_EVERY.min(hub.config.refresh));
        let mut empty_since: Option<Instant> = None;
        loop {
            tokio::select! {
                () = self.rung.notified() => {
                    if show.look_at(self.take_inbox()).await == Still::Gone {
                        return show.deleted();
                    }
                }
                delivery = next(&mut deliveries) => match delivery {
                    Some(Delivery::Update(update)) => self.heed(&mut show, &update),
                    Some(Delivery::Missed) => self.hear(News::Reread(0)),
                    None => deliveries = None,
                },
                () = show.next_tick() => show.publish(),
                _ = beat.tick() => {
                    if deliveries.is_none() {
                        deliveries = self.subscribe(hub).await;
                        self.hear(News::Reread(0));
                    }
                    show.count_viewers().await;
                    empty_since = if self.viewers() == 0 { empty_since.or_else(|| Some(Instant::now())) } else { None };
                    if empty_since.is_some_and(|since| since.elapsed() >= LINGER) && hub.close_if_empty(self) {
                        return Showing::Ended;
                    }
                }
            }
        }
    }

    fn heed(&self, show: &mut Show<'_>, update: &Update) {
        match update {
            Update::Tallied { tally, votes } => {
                // This node's own tallies come back from the broadcaster, and were heard already.
                if tally.position > self.newest_heard().max(show.position()) {
                    self.hear(News::Tally(
                        Arc::new(tally.clone()),
                        votes.clone(),
                        Vec::new(),
                    ));
                }
            }
            Update::Redefined { poll, tally } => {
                self.hear(News::Definition(
                    Arc::new((**poll).clone()),
                    Arc::new(tally.clone()),
                ));
            }
            Update::Deleted { .. } => self.hear(News::Deleted),
            Update::Viewers { node, viewers, .. } => show.hear_of_viewers(*node, *viewers),
        }
    }

    async fn subscribe(&self, hub: &Hub) -> Option<Deliveries> {
        match hub.broadcaster.subscribe(&Topic::Poll(self.poll)).await {
            Ok(deliveries) => Some(deliveries),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no news from other nodes for now"
                );
                None
            }
        }
    }

    /// The position of the newest tally that waits to be looked at.
    fn newest_heard(&self) -> Position {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox
            .tally
            .as_ref()
            .map_or(Position::START, |tally| tally.position)
    }

    fn take_inbox(&self) -> Inbox {
        std::mem::take(&mut *self.inbox.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Closes a room however its task ends, so that nobody waits in it for ever.
struct Closing<'a> {
    room: &'a Arc<Room>,
    hub: &'a Hub,
    end: Showing,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.hub.close(self.room);
        self.room.public.send_replace(self.end.clone());
        self.room.voted.send_replace(self.end.clone());
    }
}

/// The next delivery; waits for ever where there is no subscription.
async fn next(deliveries: &mut Option<Deliveries>) -> Option<Delivery> {
    match deliveries {
        Some(deliveries) => deliveries.next().await,
        None => std::future::pending().await,
    }
}
