use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;
use votify_core::engine::EngineError;
use votify_core::{BallotId, Poll, PollEngine};

use super::Vote;

/// Tasks that cast one ballot after another, each until it is acknowledged.
#[derive(Debug)]
pub struct Load {
    state: Arc<State>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    stop: AtomicBool,
    next_voter: AtomicU64,
    acknowledged: Mutex<Vec<BallotId>>,
    retries: AtomicU64,
}

impl Load {
    /// Starts so many tasks.
    #[must_use]
    pub fn start(engine: &PollEngine, poll: &Arc<Poll>, tasks: usize) -> Self {
        let state = Arc::new(State::default());
        let tasks = (0..tasks).map(|_| {
            let (engine, poll, state) = (engine.clone(), Arc::clone(poll), Arc::clone(&state));
            tokio::spawn(async move { state.vote(&engine, &poll).await })
        });
        Self {
            tasks: tasks.collect(),
            state,
        }
    }

    /// The ids of the ballots that were acknowledged so far.
    #[must_use]
    pub fn acknowledged(&self) -> Vec<BallotId> {
        self.state.acknowledged.lock().unwrap().clone()
    }

    /// How often a ballot was cast again.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.state.retries.load(Ordering::Relaxed)
    }

    /// Waits until the ballots that have been started are acknowledged. Returns the ids
    /// of all acknowledged ballots.
    pub async fn stop(self) -> Vec<BallotId> {
        self.state.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.state.acknowledged.lock().unwrap().clone()
    }
}

impl State {
    async fn vote(&self, engine: &PollEngine, poll: &Poll) {
        while !self.stop.load(Ordering::Relaxed) {
            let voter = self.next_voter.fetch_add(1, Ordering::Relaxed);
            let vote = Vote::by(voter.into(), usize::from(voter.is_multiple_of(3)));
            loop {
                match vote.try_cast(engine, poll).await {
                    Ok(_) => break,
                    Err(EngineError::Store(error)) if error.is_transient() => {}
                    Err(EngineError::Overloaded { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
                self.retries.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(5)).await;
            }
            self.acknowledged.lock().unwrap().push(vote.id);
        }
    }
}
