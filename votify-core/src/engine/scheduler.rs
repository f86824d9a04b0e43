pub(super) mod message;
mod timers;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::engine::EngineError;
use crate::engine::loader::{PollLoader, SealAttempt};
use crate::engine::notifier::Notifier;
use crate::id::PollId;
use crate::poll::{Poll, PollStatus};
use crate::store::{PageRequest, PollFilter, PollOrder, StoreError};
use crate::time::Timestamp;
use message::SchedulerMessage;
use timers::{Timers, Transition};

/// Maximum number of pages of a list that one scan reads.
const MAX_PAGES: u32 = 100;

/// Maximum number of polls in one call of the store that seals them.
const MAX_SEALED_TOGETHER: usize = 500;

/// Announces openings and closings on time, and seals polls that are due.
///
/// Correctness does not depend on this task: ballots are decided by the clock, and a read
/// past `closes_at` seals the poll first.
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
        shutdown: CancellationToken,
    ) {
        let mut timers = Timers::default();
        let mut scan = tokio::time::interval(self.scan_interval);
        scan.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = timers.next();
            let step = async {
                tokio::select! {
                    _ = scan.tick() => self.refresh_timers(&mut timers).await,
                    () = self.sleep_until(next) => self.run_due(&mut timers).await,
                    Some(message) = messages.recv() => match message {
                        SchedulerMessage::Scheduled(poll) => timers.add(&poll, self.loader.now()),
                        SchedulerMessage::Sealed(id) => self.notify_closed(id).await,
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
        let scans = async {
            self.scan(timers, &opening, |poll| poll.opening_time() <= horizon)
                .await?;
            self.scan(timers, &closing, |poll| {
                poll.closes_at.is_some_and(|closes_at| closes_at <= horizon)
            })
            .await
        };
        if let Err(error) = scans.await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "failed to list polls that open or close soon; the next scan retries"
            );
        }
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
    async fn run_due(&self, timers: &mut Timers) {
        let now = self.loader.now();
        let mut closing = Vec::new();
        while let Some((time, id, transition)) = timers.pop_due(now) {
            match transition {
                Transition::Opens => log_failure(id, self.open(id, time).await),
                Transition::Closes => closing.push(id),
            }
            if closing.len() == MAX_SEALED_TOGETHER {
                self.close(&closing).await;
                closing.clear();
            }
        }
        self.close(&closing).await;
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

    async fn close(&self, ids: &[PollId]) {
        let attempts = self.loader.seal_all_due(ids).await;
        for (id, attempt) in ids.iter().zip(attempts) {
            match attempt {
                Ok(SealAttempt::SealedNow(loaded)) => self.notifier.notify_closed(loaded),
                Ok(_) => {}
                Err(error) => log_failure(*id, Err(error)),
            }
        }
    }

    async fn notify_closed(&self, id: PollId) {
        if let Ok(loaded) = self.loader.load(id).await {
            self.notifier.notify_closed(loaded);
        }
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
