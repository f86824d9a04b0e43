mod show;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::broadcast::{Delivery, DeliveryStream, Topic, Update};
use crate::engine::live::hub::Hub;
use crate::engine::live::pace::Lateness;
use crate::engine::live::seats::Seats;
use crate::engine::live::stage::Showing;
use crate::id::{OptionId, PollId};
use crate::poll::Poll;
use crate::tally::{Audience, ViewPosition};
use crate::tally::{Position, Tally};
use crate::voter::VoterId;
use show::{Show, Still};

/// How long an empty room stays open, so that a reload of a page does not read the poll anew.
const LINGER: Duration = Duration::from_secs(2);

/// One watched poll: collects news of it, and shows the newest state to its viewers, at most once a tick.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) poll: PollId,
    pub(super) seats: Seats,
    pub(super) lateness: Lateness,
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
    /// Of each who has a seat the newest, so that they are no more than the viewers.
    voters: HashMap<VoterId, Audience>,
    deleted: bool,
    departing: bool,
    reread: Option<Wish>,
}

/// What of the store is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// The number of the last viewer who asks; 0 if none does.
    pub(super) asked: u64,
    /// The newest position that is asked for; `None` if whatever there is.
    pub(super) after: Option<ViewPosition>,
}

impl Wish {
    /// Both of them in one.
    fn and(self, other: Self) -> Self {
        let after = match (self.after, other.after) {
            (Some(one), Some(another)) if one.is_older_than(&another) => Some(another),
            (Some(one), Some(another)) if one == another || another.is_older_than(&one) => {
                Some(one)
            }
            _ => None,
        };
        let asked = self.asked.max(other.asked);
        Self { asked, after }
    }
}

/// Something to tell the viewers of a poll.
#[derive(Debug)]
pub(super) enum News {
    /// New counts, the options of some single votes in them, and voters whose ballots they count, or do not any more.
    Tally(Arc<Tally>, Vec<OptionId>, Vec<(VoterId, Audience)>),
    Definition(Arc<Poll>, Arc<Tally>),
    Deleted,
    /// All viewers are to leave, one after the other.
    Departure,
    /// Whatever it is, it stands in the store.
    Reread(Wish),
}

impl News {
    /// That something may have been missed.
    pub(super) const MISSED: Self = Self::Reread(Wish {
        asked: 0,
        after: None,
    });
}

impl Room {
    pub(super) fn new(poll: PollId) -> Self {
        Self {
            poll,
            seats: Seats::default(),
            lateness: Lateness::default(),
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

    /// Counts a viewer in; says how many there were before.
    pub(super) fn enter(&self) -> u32 {
        self.here.fetch_add(1, Ordering::Relaxed)
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
            News::Departure => inbox.departing = true,
            News::Reread(wish) => {
                let waiting = inbox.reread.take();
                inbox.reread = Some(waiting.map_or(wish, |waiting| waiting.and(wish)));
            }
        }
        drop(inbox);
        self.rung.notify_one();
    }

    /// Has the poll read from the store unless it was since `after`, and waits until what was read is shown; `false` if it is not
    /// within `patience`. All who ask meanwhile share one read.
    pub(super) async fn catch_up(&self, after: ViewPosition, patience: Duration) -> bool {
        let mut answered = self.answered.subscribe();
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let after = Some(after);
        self.hear(News::Reread(Wish { asked, after }));
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
        let mut beat = tokio::time::interval(hub.config.resync_interval.min(LINGER));
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
                    Some(Delivery::Lagged) => self.hear(News::MISSED),
                    None => deliveries = None,
                },
                () = show.next_tick() => show.tick(),
                _ = beat.tick() => {
                    if deliveries.is_none() {
                        deliveries = self.subscribe(hub).await;
                        self.hear(News::MISSED);
                    }
                    show.count_viewers();
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
            Update::TallyChanged { tally, votes } => {
                // This node's own tallies come back from the broadcaster, and were heard already.
                if tally.position > self.newest_heard().max(show.position()) {
                    self.hear(News::Tally(
                        Arc::new(tally.clone()),
                        votes.clone(),
                        Vec::new(),
                    ));
                }
            }
            Update::PollChanged { poll, tally } => {
                self.hear(News::Definition(
                    Arc::new((**poll).clone()),
                    Arc::new(tally.clone()),
                ));
            }
            Update::Deleted { .. } => self.hear(News::Deleted),
            Update::Viewers { node, viewers, .. } => show.hear_of_viewers(*node, *viewers),
        }
    }

    async fn subscribe(&self, hub: &Hub) -> Option<DeliveryStream> {
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
async fn next(deliveries: &mut Option<DeliveryStream>) -> Option<Delivery> {
    match deliveries {
        Some(deliveries) => deliveries.next().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::PollDraft;
    use crate::time::Timestamp;

    #[test]
    fn what_waits_for_a_room_is_bounded_however_long_it_does_not_look() {
        let now = Timestamp::from_micros(0).unwrap();
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        let keyring = crate::secret::Keyring::ephemeral();
        let poll = draft
            .into_poll(PollId::generate(now), now, &keyring)
            .unwrap();
        let room = Room::new(poll.id);
        let voter = |bytes| VoterId::new(crate::voter::VoterPolicy::Browser, bytes);
        let seated = voter([1; 15]);
        let seat = room.seats.take(seated, Audience::Public);
        for n in 0..10_000_u32 {
            let mut bytes = [2; 15];
            bytes[..4].copy_from_slice(&n.to_le_bytes());
            let voters = [seated, voter(bytes)].map(|voter| (voter, Audience::Voted));
            let tally = Arc::new(Tally::new(&poll));
            room.hear(News::Tally(
                tally,
                vec![poll.options[0].id; 5],
                voters.into(),
            ));
        }
        let inbox = room.take_inbox();
        assert_eq!(inbox.voters.len(), 1, "whoever has a seat, once");
        assert_eq!(inbox.votes.len(), crate::engine::live::VOTE_SAMPLE);
        drop(seat);
    }
}
