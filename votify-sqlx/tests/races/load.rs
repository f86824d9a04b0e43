use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;
use votify_core::engine::EngineError;
use votify_core::{BallotId, Poll, PollEngine};

use crate::scene::Vote;

/// Voters who come one after another, and send their ballot again until they know that it counts.
pub(crate) struct Load {
    told: Arc<Told>,
    voters: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Told {
    stop: AtomicBool,
    next_voter: AtomicU64,
    /// The ballots whose voters were told that they count.
    acknowledged: Mutex<Vec<BallotId>>,
    /// How often a voter was told to try again.
    retries: AtomicU64,
}

impl Load {
    pub(crate) fn start(engine: &PollEngine, poll: &Arc<Poll>, tasks: usize) -> Self {
        let told = Arc::new(Told::default());
        let voters = (0..tasks).map(|_| {
            let (engine, poll, told) = (engine.clone(), Arc::clone(poll), Arc::clone(&told));
            tokio::spawn(async move { told.vote(&engine, &poll).await })
        });
        Self {
            voters: voters.collect(),
            told,
        }
    }

    pub(crate) fn acknowledged(&self) -> Vec<BallotId> {
        self.told.acknowledged.lock().unwrap().clone()
    }

    pub(crate) fn retries(&self) -> u64 {
        self.told.retries.load(Ordering::Relaxed)
    }

    /// Lets everybody end who has begun.
    pub(crate) async fn stop(self) -> Vec<BallotId> {
        self.told.stop.store(true, Ordering::Relaxed);
        for voter in self.voters {
            voter.await.unwrap();
        }
        self.told.acknowledged.lock().unwrap().clone()
    }
}

impl Told {
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
