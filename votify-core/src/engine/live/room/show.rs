use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{Inbox, Room};
use crate::broadcast::{NodeId, Update};
use crate::engine::EngineError;
use crate::engine::live::VOTE_SAMPLE;
use crate::engine::live::hub::Hub;
use crate::engine::live::presence::Presence;
use crate::engine::live::stage::{Showing, Stage};
use crate::engine::reader::Read;
use crate::id::OptionId;
use crate::tally::{Position, Tally};
use crate::view::{Audience, TallyView};
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
    voters: Vec<(VoterId, Audience)>,
    presence: Presence,
    told_viewers: Option<u32>,
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
            voters: Vec::new(),
            presence: Presence::default(),
            told_viewers: None,
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
            reread = reread.or(Some(0));
        }
        if !inbox.voters.is_empty() {
            self.voters.extend(inbox.voters);
            self.touch();
        }
        let room_left = VOTE_SAMPLE.saturating_sub(self.votes.len());
        self.votes.extend(inbox.votes.into_iter().take(room_left));
        match reread {
            Some(asked) => self.reread(asked).await,
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
                // Who asks is answered by the next showing, so that it sees what was read.
                if asked > 0 {
                    self.asked = self.asked.max(asked);
                    self.touch();
                }
            }
            Err(EngineError::PollNotFound(_)) => return Still::Gone,
            // The sweep comes by every second, and asks again.
            Err(_) => {}
        }
        Still::There
    }

    /// Has the state shown at the next tick, or at once if the last one is long ago.
    fn touch(&mut self) {
        self.due.get_or_insert(self.shown_at + self.hub.config.tick);
    }

    pub(super) async fn next_tick(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Shows the state to both audiences, each only if it is news to it.
    pub(super) fn publish(&mut self) {
        self.due = None;
        self.shown_at = Instant::now();
        let votes = std::mem::take(&mut self.votes);
        let public = self.stage(Audience::Public, &votes);
        let voted = self.stage(Audience::Voted, &votes);
        let same = public.tells_the_same_as(&voted);
        self.room
            .public
            .send_if_modified(|showing| replace(showing, &public));
        self.room
            .voted
            .send_if_modified(|showing| replace(showing, if same { &public } else { &voted }));
        for (voter, audience) in self.voters.drain(..) {
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
        Arc::new(Stage::new(
            Arc::clone(poll),
            status,
            view,
            self.room.viewers_everywhere(),
            votes,
        ))
    }

    pub(super) fn hear_of_viewers(&mut self, node: NodeId, viewers: u32) {
        if node != self.hub.node {
            self.presence.hear(node, viewers, Instant::now());
        }
    }

    /// Sums the viewers up, shows the number if it changed, and tells this node's share to the others.
    pub(super) async fn count_viewers(&mut self) {
        let here = self.room.viewers();
        let everywhere = here.saturating_add(self.presence.elsewhere(Instant::now()));
        if self.room.everywhere.swap(everywhere, Ordering::Relaxed) != everywhere {
            self.touch();
        }
        if here > 0 || self.told_viewers != Some(0) {
            self.told_viewers = Some(here);
            let update = Update::Viewers {
                poll: self.room.poll,
                node: self.hub.node,
                viewers: here,
            };
            // Best effort: it is said again in two seconds.
            let _ = self.hub.broadcaster.publish(&[update]).await;
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
