use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::EngineError;
use crate::engine::herald::Herald;
use crate::engine::reader::{Due, Reader};
use crate::id::PollId;
use crate::poll::{Poll, PollStatus};
use crate::store::PageRequest;
use crate::store::{PollFilter, PollOrder, StoreError};
use crate::time::Timestamp;

/// How many turns are kept in mind, the soonest; the others are found by a later look into the store.
const AGENDA: usize = 10_000;
/// How many pages of a listing one look goes through.
const PAGES: u32 = 100;

/// Something the lifecycle should know.
#[derive(Debug)]
pub(super) enum Note {
    /// A poll was made or edited here.
    Drafted(Arc<Poll>),
    /// A poll was sealed because somebody read it past its end.
    Sealed(PollId),
}

/// Brings the news of opening and closing in time, and seals what is due.
///
/// Nothing's correctness hangs on it: the rule goes by the clock, and who reads a poll past its end seals it first.
#[derive(Debug)]
pub(super) struct Lifecycle {
    pub(super) reader: Arc<Reader>,
    pub(super) herald: Herald,
    pub(super) every: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Opens,
    Closes,
}

type Agenda = BTreeSet<(Timestamp, PollId, Turn)>;

impl Lifecycle {
    pub(super) async fn run(self, mut notes: mpsc::Receiver<Note>, shutdown: CancellationToken) {
        let mut agenda = Agenda::new();
        let mut look = tokio::time::interval(self.every);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let next = agenda.first().map(|(time, ..)| *time);
            let turn = async {
                tokio::select! {
                    _ = look.tick() => self.look_ahead(&mut agenda).await,
                    () = self.until(next) => self.take_turns(&mut agenda).await,
                    Some(note) = notes.recv() => match note {
                        Note::Drafted(poll) => self.note_down(&mut agenda, &poll),
                        Note::Sealed(id) => self.tell_closed(id).await,
                    },
                }
            };
            if shutdown.run_until_cancelled(turn).await.is_none() {
                return;
            }
        }
    }

    async fn until(&self, next: Option<Timestamp>) {
        match next {
            Some(next) => self.reader.clock.sleep_until(next).await,
            None => std::future::pending().await,
        }
    }

    fn note_down(&self, agenda: &mut Agenda, poll: &Poll) {
        if poll.is_sealed() {
            return;
        }
        if poll.opens_at > self.reader.now() {
            agenda.insert((poll.opens_at, poll.id, Turn::Opens));
        }
        if let Some(end) = poll.closes_at {
            agenda.insert((end, poll.id, Turn::Closes));
        }
        while agenda.len() > AGENDA {
            agenda.pop_last();
        }
    }

    /// Finds the polls whose turn comes before the look after the next, made by whichever engine.
    async fn look_ahead(&self, agenda: &mut Agenda) {
        let horizon = self.reader.now().saturating_add(self.every * 2);
        let opening = PollFilter {
            status: Some(PollStatus::Scheduled),
            order: PollOrder::Opening,
            ..PollFilter::default()
        };
        let closing = PollFilter {
            sealed: Some(false),
            order: PollOrder::Closing,
            ..PollFilter::default()
        };
        let looked = async {
            self.look_through(agenda, &opening, |poll| poll.opens_at <= horizon)
                .await?;
            self.look_through(agenda, &closing, |poll| {
                poll.closes_at.is_some_and(|end| end <= horizon)
            })
            .await
        };
        if let Err(error) = looked.await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot look for polls that open or close"
            );
        }
    }

    /// Notes down a listing, page by page, as far as its polls are `near`.
    async fn look_through(
        &self,
        agenda: &mut Agenda,
        filter: &PollFilter,
        near: impl Fn(&Poll) -> bool + Send + Sync,
    ) -> Result<(), StoreError> {
        let now = self.reader.now();
        for page in 1..=PAGES {
            let Ok(page) = PageRequest::new(page, PageRequest::MAX_LIMIT) else {
                break;
            };
            let polls = self
                .reader
                .store
                .list_polls(filter, &page, now)
                .await?
                .items;
            polls.iter().for_each(|poll| self.note_down(agenda, poll));
            let more = polls.len() == PageRequest::MAX_LIMIT as usize;
            if !more || !polls.last().is_some_and(&near) {
                break;
            }
        }
        Ok(())
    }

    async fn take_turns(&self, agenda: &mut Agenda) {
        let now = self.reader.now();
        while agenda.first().is_some_and(|(time, ..)| *time <= now)
            && let Some((time, id, turn)) = agenda.pop_first()
        {
            let taken = match turn {
                Turn::Opens => self.open(id, time).await,
                Turn::Closes => self.close(id).await,
            };
            if let Err(error) = taken
                && !matches!(error, EngineError::PollNotFound(_))
            {
                // The next look ahead finds it again.
                tracing::warn!(poll = %id, error = &error as &dyn std::error::Error, "a poll could not be opened or closed in time");
            }
        }
    }

    /// Tells that a poll opens at `time`, unless it was given another time since.
    async fn open(&self, id: PollId, time: Timestamp) -> Result<(), EngineError> {
        let read = self.reader.read(id).await?;
        let is_open = read.poll.status(self.reader.now()) == PollStatus::Open;
        if is_open && read.poll.opens_at == time {
            self.herald.opened(read);
        }
        Ok(())
    }

    async fn close(&self, id: PollId) -> Result<(), EngineError> {
        if let Due::SealedNow(_) = self.reader.seal_due(id).await? {
            self.herald.closed(self.reader.read(id).await?);
        }
        Ok(())
    }

    async fn tell_closed(&self, id: PollId) {
        if let Ok(read) = self.reader.read(id).await {
            self.herald.closed(read);
        }
    }
}
