use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::EngineError;
use crate::engine::herald::Herald;
use crate::engine::reader::Reader;
use crate::id::PollId;
use crate::page::PageRequest;
use crate::poll::{Poll, PollStatus};
use crate::store::{PollFilter, PollOrder};
use crate::time::Timestamp;

/// How many turns are kept in mind; the others are found by the next look into the store.
const AGENDA: usize = 10_000;

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
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = look.tick() => self.look_ahead(&mut agenda).await,
                () = self.until(next) => self.take_turns(&mut agenda).await,
                note = notes.recv() => match note {
                    Some(Note::Drafted(poll)) => self.note_down(&mut agenda, &poll),
                    Some(Note::Sealed(id)) => self.tell_closed(id).await,
                    None => return,
                },
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
        let now = self.reader.now();
        if agenda.len() >= AGENDA || poll.is_sealed() {
            return;
        }
        if poll.opens_at > now {
            agenda.insert((poll.opens_at, poll.id, Turn::Opens));
        }
        if let Some(end) = poll.closes_at {
            agenda.insert((end, poll.id, Turn::Closes));
        }
    }

    /// Finds the polls whose turn comes next, made by whichever engine.
    async fn look_ahead(&self, agenda: &mut Agenda) {
        let now = self.reader.now();
        let page = PageRequest::FIRST_HUNDRED;
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
        for filter in [opening, closing] {
            match self.reader.store.list_polls(&filter, &page, now).await {
                Ok(page) => page
                    .items
                    .iter()
                    .for_each(|poll| self.note_down(agenda, poll)),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot look for polls that open or close"
                    );
                }
            }
        }
    }

    async fn take_turns(&self, agenda: &mut Agenda) {
        let now = self.reader.now();
        while agenda.first().is_some_and(|(time, ..)| *time <= now)
            && let Some((_, id, turn)) = agenda.pop_first()
        {
            if let Err(error) = self.take_turn(id, turn).await
                && !matches!(error, EngineError::PollNotFound(_))
            {
                // The next look ahead finds it again.
                tracing::warn!(poll = %id, error = &error as &dyn std::error::Error, "a poll could not be opened or closed in time");
            }
        }
    }

    async fn take_turn(&self, id: PollId, turn: Turn) -> Result<(), EngineError> {
        // Reading seals what is due, and sends us a note if nobody was first.
        let read = self.reader.read(id).await?;
        if turn == Turn::Opens && read.poll.status(self.reader.now()) == PollStatus::Open {
            self.herald.opened(read).await;
        }
        Ok(())
    }

    async fn tell_closed(&self, id: PollId) {
        if let Ok(read) = self.reader.read(id).await {
            self.herald.closed(read).await;
        }
    }
}
