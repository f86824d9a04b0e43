use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{Inbox, Room, Wish};
use crate::broadcast::NodeId;
use crate::engine::EngineError;
use crate::engine::live::VOTE_SAMPLE;
use crate::engine::live::hub::Hub;
use crate::engine::live::pace::Pace;
use crate::engine::live::presence::{Presence, Told};
use crate::engine::live::stage::{Fanout, Showing, Stage};
use crate::engine::reader::Read;
use crate::id::OptionId;
use crate::poll::ResultsPolicy;
use crate::tally::{Audience, TallyView, ViewPosition};
use crate::tally::{Position, Tally};
use crate::voter::VoterId;

/// How long to wait before a poll that could not be read is read again.
const RETRY: Duration = Duration::from_millis(250);

/// What a room knows of its poll, and what it has shown of it.
pub(super) struct Show<'a> {
    room: &'a Arc<Room>,
    hub: &'a Arc<Hub>,
    now: Read,
    votes: Vec<OptionId>,
    /// Viewers to be shown to another part of the room as soon as the counts with their ballots are on show.
    voters: HashMap<VoterId, Audience>,
    presence: Presence,
    told_viewers: Told,
    pace: Pace,
    /// When the next state may be shown; `None` if there is nothing new to show.
    due: Option<Instant>,
    shown_at: Instant,
    /// Up to which of the viewers who asked for a read the poll has been read.
    asked: u64,
}

/// Whether the poll is still there.
#[derive(PartialEq, Eq)]
pub(super) enum Still {
    There,
    Gone,
}

impl<'a> Show<'a> {
    /// Reads the poll and shows it for the first time; `None` if there is none.
    pub(super) async fn open(room: &'a Arc<Room>, hub: &'a Arc<Hub>) -> Option<Self> {
        let now = loop {
            match hub.reader.read(room.poll).await {
                Ok(read) => break read,
                Err(EngineError::PollNotFound(_)) => return None,
                Err(_) if hub.close_if_empty(room) => return None,
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        };
        let mut show = Self {
            room,
            hub,
            now,
            votes: Vec::new(),
            voters: HashMap::new(),
            presence: Presence::default(),
            told_viewers: Told::default(),
            pace: Pace::new(hub.config.update_interval, hub.config.max_update_interval),
            due: None,
            shown_at: Instant::now(),
            asked: 0,
        };
        room.everywhere.store(room.viewers(), Ordering::Relaxed);
        show.publish();
        Some(show)
    }

    pub(super) fn position(&self) -> Position {
        self.now.tally.position
    }

    /// Takes in what has come meanwhile.
    pub(super) async fn look_at(&mut self, inbox: Inbox) -> Still {
        if inbox.deleted {
            return Still::Gone;
        }
        if let Some((poll, tally)) = inbox.definition
            && tally.position >= self.position()
            && poll.version == tally.version
        {
            self.now = Read { poll, tally };
            self.touch();
        }
        let mut reread = inbox.reread;
        if let Some(tally) = inbox.tally
            && tally.position > self.position()
            && !self.take_tally(tally)
        {
            reread = Some(Wish {
                asked: reread.map_or(0, |wish| wish.asked),
                after: None,
            });
        }
        if !inbox.voters.is_empty() {
            self.voters.extend(inbox.voters);
            self.touch();
        }
        if inbox.departing {
            self.touch();
        }
        let room_left = VOTE_SAMPLE.saturating_sub(self.votes.len());
        self.votes.extend(inbox.votes.into_iter().take(room_left));
        match reread {
            Some(Wish { asked, after }) if after.is_some_and(|after| self.knows(after)) => {
                self.answer(asked);
                Still::There
            }
            Some(Wish { asked, .. }) => self.reread(asked).await,
            None => Still::There,
        }
    }

    /// Takes a newer tally; `false` if it belongs to another version of the poll than is at hand.
    fn take_tally(&mut self, tally: Arc<Tally>) -> bool {
        let fits = tally.version == self.now.poll.version;
        if fits {
            self.now.tally = tally;
            self.touch();
        }
        fits
    }

    async fn reread(&mut self, asked: u64) -> Still {
        match self.hub.reader.read(self.room.poll).await {
            Ok(read) => {
                // A status changes by time alone, at the same position.
                if read.tally.position >= self.position() {
                    self.now = read;
                    self.touch();
                }
                self.answer(asked);
            }
            Err(EngineError::PollNotFound(_)) => return Still::Gone,
            // The sweep comes by every second, and asks again.
            Err(_) => {}
        }
        Still::There
    }

    /// Whether what is at hand is as new as this, so that the store need not be asked.
    fn knows(&self, after: ViewPosition) -> bool {
        let tally = &self.now.tally;
        match after {
            ViewPosition::Shown(position) => tally.position >= position,
            ViewPosition::Hidden { epoch, version } => {
                (tally.position.epoch, tally.version) >= (epoch, version)
            }
        }
    }

    /// Answers those who asked by the next showing, so that they see what was read.
    fn answer(&mut self, asked: u64) {
        if asked > 0 {
            self.asked = self.asked.max(asked);
            self.touch();
        }
    }

    /// Has the state shown at the next tick, or at once if the last one is long ago.
    fn touch(&mut self) {
        self.due.get_or_insert(self.shown_at + self.pace.wait());
    }

    pub(super) async fn next_tick(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Shows the state that is due, unless the last one took so long to reach everybody that more time is needed.
    pub(super) fn tick(&mut self) {
        if let Some(lateness) = self.room.lateness.take() {
            self.pace.heed(lateness);
        }
        let due = self.shown_at + self.pace.wait();
        if due > Instant::now() {
            self.due = Some(due);
        } else {
            self.publish();
        }
    }

    /// Shows the state to both audiences, each only if it is news to it.
    pub(super) fn publish(&mut self) {
        self.due = None;
        self.shown_at = Instant::now();
        let votes = std::mem::take(&mut self.votes);
        let public = self.stage(Audience::Public, &votes);
        // Elsewhere both audiences see the same, and share what is rendered.
        let voted = match self.now.poll.rules.results {
            ResultsPolicy::AfterVote if !self.now.tally.sealed => {
                self.stage(Audience::Voted, &votes)
            }
            _ => Arc::clone(&public),
        };
        self.room
            .public
            .send_if_modified(|showing| replace(showing, &public));
        self.room
            .voted
            .send_if_modified(|showing| replace(showing, &voted));
        for (voter, audience) in self.voters.drain() {
            self.room.seats.set(voter, audience);
        }
        self.room
            .answered
            .send_if_modified(|answered| std::mem::replace(answered, self.asked) < self.asked);
    }

    fn stage(&self, audience: Audience, votes: &[OptionId]) -> Arc<Stage> {
        let Read { poll, tally } = &self.now;
        let view = TallyView::new(poll, tally, audience);
        let votes = if view.counts().is_some() {
            votes.into()
        } else {
            Arc::default()
        };
        let status = poll.status(self.hub.reader.now());
        let viewers = self.room.viewers_everywhere();
        let fanout = Fanout {
            shown_at: self.shown_at,
            witnesses: Pace::witnesses(self.room.viewers()),
            departure: self.hub.departure().cloned(),
        };
        Arc::new(Stage::new(
            Arc::clone(poll),
            status,
            view,
            viewers,
            votes,
            fanout,
        ))
    }

    pub(super) fn hear_of_viewers(&mut self, node: NodeId, viewers: u32) {
        if node != self.hub.node {
            self.presence.hear(node, viewers, Instant::now());
        }
    }

    /// Sums the viewers up, shows the number if it changed, and tells this node's share to the others.
    pub(super) fn count_viewers(&mut self) {
        let (here, now) = (self.room.viewers(), Instant::now());
        let everywhere = here.saturating_add(self.presence.elsewhere(now));
        if self.room.everywhere.swap(everywhere, Ordering::Relaxed) != everywhere {
            self.touch();
        }
        if self.told_viewers.is_news(here, now) {
            self.hub
                .announcer
                .offer_viewers(self.room.poll, self.hub.node, here);
        }
    }

    pub(super) fn deleted(&self) -> Showing {
        Showing::Deleted(Some(self.stage(Audience::Public, &[])))
    }
}

fn replace(showing: &mut Showing, stage: &Arc<Stage>) -> bool {
    let news = match showing {
        Showing::Stage(shown) => !stage.tells_the_same_as(shown),
        _ => true,
    };
    if news {
        *showing = Showing::Stage(Arc::clone(stage));
    }
    news
}
