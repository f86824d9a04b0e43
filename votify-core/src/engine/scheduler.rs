pub(super) mod message;
mod timers;
mod unconfirmed_seals;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::engine::EngineError;
use crate::engine::loader::{PollLoader, SealAttempt};
use crate::engine::notifier::Notifier;
use crate::engine::queue::MarkerWriter;
use crate::id::PollId;
use crate::poll::{Poll, PollStatus};
use crate::store::{PageRequest, PollFilter, PollOrder, StoreError};
use crate::time::Timestamp;
use message::SchedulerMessage;
use timers::{Timers, Transition};
use unconfirmed_seals::UnconfirmedSeals;

/// Maximum number of pages of a list that one scan reads.
const MAX_PAGES: u32 = 100;

/// Maximum number of polls in one call of the store that seals them.
const MAX_SEALED_TOGETHER: usize = 500;

/// Maximum number of polls in one call that repeats failed seals. Fewer, because the failed
/// call may have had too many polls for its timeout.
const MAX_RETRIED_TOGETHER: usize = 50;

/// Announces openings and closings on time, and seals polls that are due.
///
/// Correctness does not depend on this task: ballots are decided by the clock, and a read
/// past `closes_at` seals the poll first. With a queue, this task writes the close markers
/// at which the aggregator seals polls.
#[derive(Debug)]
pub(super) struct Scheduler {
    pub(super) loader: Arc<PollLoader>,
    pub(super) notifier: Notifier,
    /// The time between two scans of the store.
    pub(super) scan_interval: Duration,
}

impl Scheduler {
    /// Runs until `shutdown` is cancelled.
    pub(super) async fn run(
        self,
        mut messages: mpsc::Receiver<SchedulerMessage>,
        mut markers: Option<MarkerWriter>,
        shutdown: CancellationToken,
    ) {
        let mut timers = Timers::new(markers.as_ref().map_or(Duration::ZERO, MarkerWriter::delay));
        let mut unconfirmed = UnconfirmedSeals::default();
        let mut scan = tokio::time::interval(self.scan_interval);
        scan.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = timers.next();
            let step = async {
                tokio::select! {
                    _ = scan.tick() => {
                        self.retry_seals(&mut unconfirmed).await;
                        self.refresh_timers(&mut timers).await;
                    }
                    () = self.sleep_until(next) => {
                        self.run_due(&mut timers, &mut unconfirmed, markers.as_mut()).await;
                    }
                    Some(message) = messages.recv() => match message {
                        SchedulerMessage::Scheduled(poll) => timers.add(&poll, self.loader.now()),
                        SchedulerMessage::Sealed(loaded) => {
                            unconfirmed.remove(loaded.poll.id);
                            self.notifier.notify_closed(loaded);
                        }
                        SchedulerMessage::Unconfirmed(id, time) => unconfirmed.add(id, time),
                    },
                }
            };
            if shutdown.run_until_cancelled(step).await.is_none() {
                return;
            }
        }
    }

    async fn sleep_until(&self, time: Option<Timestamp>) {
        match time {
            Some(time) => self.loader.clock.sleep_until(time).await,
            None => std::future::pending().await,
        }
    }

    /// Adds timers for the polls that open or close before the scan after the next one,
    /// whichever engine created them.
    async fn refresh_timers(&self, timers: &mut Timers) {
        let horizon = self.loader.now().saturating_add(self.scan_interval * 2);
        let opening = PollFilter {
            status: Some(PollStatus::Scheduled),
            order: PollOrder::Opening,
            ..PollFilter::all()
        };
        let closing = PollFilter {
            sealed: Some(false),
            order: PollOrder::Closing,
            ..PollFilter::all()
        };
        // A failure of one scan must not prevent the other: without the second, no poll
        // would be sealed on time.
        let opening = self.scan(timers, &opening, |poll| poll.opening_time() <= horizon);
        log_failed_scan("open", opening.await);
        let closing = self.scan(timers, &closing, |poll| {
            poll.closes_at.is_some_and(|closes_at| closes_at <= horizon)
        });
        log_failed_scan("close", closing.await);
    }

    /// Adds timers for a list of polls, page by page, up to the first page whose last
    /// poll is not `near`.
    async fn scan(
        &self,
        timers: &mut Timers,
        filter: &PollFilter,
        near: impl Fn(&Poll) -> bool + Send + Sync,
    ) -> Result<(), StoreError> {
        let now = self.loader.now();
        let mut request = PageRequest::FIRST_HUNDRED;
        for _ in 0..MAX_PAGES {
            let page = self.loader.store.list_polls(filter, &request, now).await?;
            for state in &page.items {
                timers.add(&state.poll, self.loader.now());
            }
            // A full page is not the sign of another: a store leaves out corrupt polls.
            let Some(next) = page.next else { break };
            if !page.items.last().is_some_and(|last| near(&last.poll)) {
                break;
            }
            let Ok(after) = PageRequest::after(next, PageRequest::MAX_LIMIT) else {
                break;
            };
            request = after;
        }
        Ok(())
    }

    /// Opens and closes the polls that are due. Polls that close together are sealed
    /// together.
    async fn run_due(
        &self,
        timers: &mut Timers,
        unconfirmed: &mut UnconfirmedSeals,
        mut markers: Option<&mut MarkerWriter>,
    ) {
        let now = self.loader.now();
        let mut closing = Vec::new();
        while let Some((time, id, transition)) = timers.pop_due(now) {
            match transition {
                Transition::Opens => log_failure(id, self.open(id, time).await),
                // The next scan retries it.
                Transition::Closes if unconfirmed.contains(id) => {}
                Transition::Closes => closing.push(id),
            }
            if closing.len() == MAX_SEALED_TOGETHER {
                self.close_or_mark(&closing, now, unconfirmed, markers.as_deref_mut())
                    .await;
                closing.clear();
            }
        }
        self.close_or_mark(&closing, now, unconfirmed, markers)
            .await;
    }

    /// Seals polls, or with a queue writes their close markers.
    async fn close_or_mark(
        &self,
        ids: &[PollId],
        now: Timestamp,
        unconfirmed: &mut UnconfirmedSeals,
        markers: Option<&mut MarkerWriter>,
    ) {
        let Some(markers) = markers else {
            self.close(ids, now, unconfirmed).await;
            return;
        };
        if let Err(error) = markers.write(ids).await {
            tracing::warn!(
                polls = ids.len(),
                error = &error as &dyn std::error::Error,
                "failed to write close markers; the next scan retries"
            );
        }
    }

    /// Announces that a poll opens at `time`, unless its `opens_at` was changed
    /// meanwhile.
    async fn open(&self, id: PollId, time: Timestamp) -> Result<(), EngineError> {
        let loaded = self.loader.load(id).await?;
        let is_open = loaded.status(self.loader.now()) == PollStatus::Open;
        if is_open && loaded.poll.opens_at == Some(time) {
            self.notifier.notify_opened(loaded);
        }
        Ok(())
    }

    /// Repeats the seals whose outcome is unknown, and announces the closings that were not
    /// announced yet.
    async fn retry_seals(&self, unconfirmed: &mut UnconfirmedSeals) {
        for (time, ids) in unconfirmed.batches(MAX_RETRIED_TOGETHER) {
            // With a wrong clock no poll is sealed, and the outcome remains unknown.
            if !self.loader.clock_monitor.agrees().await {
                return;
            }
            let is_available = self.close(&ids, time, unconfirmed).await;
            if !is_available {
                return;
            }
        }
    }

    /// Seals those polls that are due at `now`, and announces each that this engine has
    /// sealed, now or before. Returns false if the store is unavailable for all of them.
    async fn close(
        &self,
        ids: &[PollId],
        now: Timestamp,
        unconfirmed: &mut UnconfirmedSeals,
    ) -> bool {
        let mut is_available = false;
        let attempts = self.loader.seal_all_due(ids, now).await;
        for (id, attempt) in ids.iter().zip(attempts) {
            is_available |= !matches!(
                attempt,
                Err(EngineError::Store(StoreError::Unavailable { .. }))
            );
            match attempt {
                Ok(SealAttempt::SealedNow(loaded)) => {
                    unconfirmed.remove(*id);
                    self.notifier.notify_closed(loaded);
                }
                Ok(SealAttempt::SealedBefore(loaded)) => {
                    if unconfirmed.confirm(*id, loaded.poll.sealed_at) {
                        self.notifier.notify_closed(loaded);
                    }
                }
                Ok(SealAttempt::NotDue) | Err(EngineError::PollNotFound(_)) => {
                    unconfirmed.remove(*id);
                }
                Err(error) => {
                    unconfirmed.add(*id, now);
                    log_failure(*id, Err(error));
                }
            }
        }
        is_available
    }
}

fn log_failed_scan(transition: &'static str, result: Result<(), StoreError>) {
    if let Err(error) = result {
        tracing::warn!(
            transition,
            error = &error as &dyn std::error::Error,
            "failed to list polls that open or close soon; the next scan retries"
        );
    }
}

fn log_failure(poll: PollId, result: Result<(), EngineError>) {
    if let Err(error) = result
        && !matches!(error, EngineError::PollNotFound(_))
    {
        tracing::warn!(
            %poll,
            error = &error as &dyn std::error::Error,
            "failed to open or close a poll on time; the next scan retries"
        );
    }
}
