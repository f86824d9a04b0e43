use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use crate::api::{Api, Poll};

/// Voters who come one after another through nginx, each with a ballot of their own, which they send until they hear that it
/// is counted.
pub(crate) struct Voters {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Counted>,
}

/// What voters were told.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Ballots that count, by option.
    pub(crate) votes: [u64; 2],
    /// How often a ballot had to be sent again by its voter.
    pub(crate) again: usize,
}

impl Counted {
    pub(crate) fn total(&self) -> usize {
        usize::try_from(self.votes.iter().sum::<u64>()).unwrap()
    }
}

impl Voters {
    pub(crate) fn start(api: &Api, poll: &Poll) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let (api, poll, stop) = (api.clone(), poll.clone(), Arc::clone(&stop));
            tasks.spawn(async move {
                let mut counted = Counted::default();
                while !stop.load(Ordering::Relaxed) {
                    counted.again += vote(&api, &poll, &mut counted.votes).await;
                    // There are viewers to be told, on the same few processors.
                    sleep(Duration::from_millis(fastrand::u64(50..150))).await;
                }
                counted
            });
        }
        Self { stop, tasks }
    }

    /// Lets everybody end who has begun.
    pub(crate) async fn stop(self) -> Counted {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Counted::default();
        for counted in self.tasks.join_all().await {
            all.again += counted.again;
            for (all, votes) in all.votes.iter_mut().zip(counted.votes) {
                *all += votes;
            }
        }
        all
    }
}

/// Casts one ballot, with its id in the header, as the page does, or in the body; says how often it was sent again.
async fn vote(api: &Api, poll: &Poll, votes: &mut [u64; 2]) -> usize {
    let (ballot, option) = (Uuid::new_v4().to_string(), fastrand::usize(0..2));
    let in_header = fastrand::bool();
    for again in 0..60 {
        let answer = if in_header {
            api.cast_under_key(poll, &ballot, option).await
        } else {
            api.cast(poll, &ballot, option).await
        };
        match answer {
            Ok((200 | 201, _)) => {
                votes[option] += 1;
                return again;
            }
            Ok((503, body)) => assert!(body["retry_after"].is_u64(), "{body}"),
            Ok((status, body)) => panic!("{status} {body}"),
            Err(_) => {}
        }
        sleep(Duration::from_millis(fastrand::u64(50..250))).await;
    }
    panic!("a ballot is not taken");
}
