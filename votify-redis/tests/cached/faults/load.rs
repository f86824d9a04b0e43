use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use votify_core::engine::EngineError;
use votify_core::voter::SessionId;
use votify_core::{
    BallotId, Caller, Choice, Clock, Poll, PollEngine, Refusal, SystemClock, VoteOutcome,
};

use super::instances::Instances;

/// Number of the next voter, unique within the test program.
static NEXT_VOTER: AtomicU64 = AtomicU64::new(1);

/// Tasks of voters. Each voter votes, replays the ballot, and tries to vote again, on
/// both instances.
pub(crate) struct Load {
    state: Arc<State>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    results: Mutex<LoadResults>,
}

#[derive(Default, Clone)]
pub(crate) struct LoadResults {
    /// Ids of the acknowledged ballots.
    pub(crate) acknowledged: Vec<BallotId>,
    /// Duration of the longest call, with any result.
    pub(crate) longest_call: Duration,
}

impl Load {
    pub(crate) fn start(instances: &Instances, poll: &Arc<Poll>) -> Self {
        let state = Arc::new(State::default());
        let tasks = (0..16).map(|_| {
            let engines = instances.engines.clone();
            let (poll, state) = (Arc::clone(poll), Arc::clone(&state));
            tokio::spawn(async move {
                while !state.stop.load(Ordering::Relaxed) {
                    state.vote(&engines, &poll).await;
                }
            })
        });
        Self {
            tasks: tasks.collect(),
            state,
        }
    }

    pub(crate) fn acknowledged(&self) -> Vec<BallotId> {
        self.state.results.lock().unwrap().acknowledged.clone()
    }

    /// Waits for the current voter of each task.
    pub(crate) async fn stop(self) -> LoadResults {
        self.state.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.state.results.lock().unwrap().clone()
    }
}

impl State {
    async fn vote(&self, engines: &[PollEngine; 2], poll: &Poll) {
        let number = NEXT_VOTER.fetch_add(1, Ordering::Relaxed);
        let voter = Caller::session(SessionId::from_bytes(u128::from(number).to_be_bytes()));
        let [first, second] = engines;
        let is_even = number.is_multiple_of(2);
        let (here, there) = if is_even {
            (first, second)
        } else {
            (second, first)
        };
        let (id, option) = (BallotId::generate(SystemClock.now()), usize::from(is_even));
        let cast = async |engine: &PollEngine, id, option: usize| {
            let choice = Choice::one(poll.options[option].id);
            loop {
                let started = Instant::now();
                let result = engine.cast(poll.id, &voter, id, choice.clone()).await;
                self.record_duration(started.elapsed());
                match result {
                    Ok(receipt) => return Ok(receipt.outcome),
                    Err(EngineError::Refused(refusal)) => return Err(refusal),
                    Err(EngineError::Overloaded { .. }) => {}
                    Err(EngineError::Store(error)) if error.is_transient() => {}
                    Err(error) => panic!("{error:?}"),
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        let outcome = cast(here, id, option).await.unwrap();
        let revision = outcome.revision();
        self.results.lock().unwrap().acknowledged.push(id);
        for engine in [there, here] {
            let new_id = BallotId::generate(SystemClock.now());
            let repeated = cast(engine, new_id, 1 - option).await;
            assert_eq!(repeated, Err(Refusal::AlreadyVoted));
            let replayed = cast(engine, id, option).await;
            assert_eq!(replayed, Ok(VoteOutcome::Replayed { revision }));
            let reused = cast(engine, id, 1 - option).await;
            assert_eq!(reused, Err(Refusal::BallotIdReused));
        }
    }

    fn record_duration(&self, duration: Duration) {
        let mut results = self.results.lock().unwrap();
        results.longest_call = results.longest_call.max(duration);
    }
}
