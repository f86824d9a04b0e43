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

use super::fleet::Fleet;

/// Numbers of voters, for the whole test.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Voters who come one after another: each votes, sends that again, and tries to vote anew, at both instances.
pub(crate) struct Load {
    told: Arc<Told>,
    voters: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Told {
    stop: AtomicBool,
    counted: Mutex<Counted>,
}

/// What voters were told.
#[derive(Default, Clone)]
pub(crate) struct Counted {
    /// The ballots that count.
    pub(crate) ids: Vec<BallotId>,
    /// What the longest call took, whatever its answer.
    pub(crate) longest: Duration,
}

impl Load {
    pub(crate) fn start(fleet: &Fleet, poll: &Arc<Poll>) -> Self {
        let told = Arc::new(Told::default());
        let voters = (0..16).map(|_| {
            let (engines, poll, told) =
                (fleet.engines.clone(), Arc::clone(poll), Arc::clone(&told));
            tokio::spawn(async move {
                while !told.stop.load(Ordering::Relaxed) {
                    told.vote(&engines, &poll).await;
                }
            })
        });
        Self {
            voters: voters.collect(),
            told,
        }
    }

    pub(crate) fn acknowledged(&self) -> Vec<BallotId> {
        self.told.counted.lock().unwrap().ids.clone()
    }

    /// Lets everybody end who has begun.
    pub(crate) async fn stop(self) -> Counted {
        self.told.stop.store(true, Ordering::Relaxed);
        for voter in self.voters {
            voter.await.unwrap();
        }
        self.told.counted.lock().unwrap().clone()
    }
}

impl Told {
    async fn vote(&self, engines: &[PollEngine; 2], poll: &Poll) {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
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
                let since = Instant::now();
                let answer = engine.cast(poll.id, &voter, id, choice.clone()).await;
                self.took(since.elapsed());
                match answer {
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
        self.counted.lock().unwrap().ids.push(id);
        for engine in [there, here] {
            let again = cast(engine, BallotId::generate(SystemClock.now()), 1 - option).await;
            assert_eq!(again, Err(Refusal::AlreadyVoted));
            let replay = cast(engine, id, option).await;
            assert_eq!(replay, Ok(VoteOutcome::Replayed { revision }));
            let reused = cast(engine, id, 1 - option).await;
            assert_eq!(reused, Err(Refusal::BallotIdReused));
        }
    }

    fn took(&self, time: Duration) {
        let mut counted = self.counted.lock().unwrap();
        counted.longest = counted.longest.max(time);
    }
}
