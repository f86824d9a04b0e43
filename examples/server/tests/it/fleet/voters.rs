use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use crate::api::{Api, Poll};

/// Concurrent voters behind nginx. Each voter resends its ballot until it is confirmed.
pub(crate) struct Voters {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Counted>,
}

/// Confirmed votes and retries.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Confirmed ballots by option.
    pub(crate) votes: [u64; 2],
    /// Number of retries.
    pub(crate) retries: usize,
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
                    counted.retries += vote(&api, &poll, &mut counted.votes).await;
                    // The viewers need processor time too.
                    sleep(Duration::from_millis(fastrand::u64(50..150))).await;
                }
                counted
            });
        }
        Self { stop, tasks }
    }

    /// Stops after the current ballot of each voter.
    pub(crate) async fn stop(self) -> Counted {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Counted::default();
        for counted in self.tasks.join_all().await {
            all.retries += counted.retries;
            for (all, votes) in all.votes.iter_mut().zip(counted.votes) {
                *all += votes;
            }
        }
        all
    }
}

/// Casts one ballot with its id in the header (as the page does) or in the body. Returns
/// the number of retries.
async fn vote(api: &Api, poll: &Poll, votes: &mut [u64; 2]) -> usize {
    let (ballot, option) = (Uuid::new_v4().to_string(), fastrand::usize(0..2));
    let in_header = fastrand::bool();
    for retries in 0..60 {
        let response = if in_header {
            api.cast_with_header(poll, &ballot, option).await
        } else {
            api.cast(poll, &ballot, option).await
        };
        match response {
            Ok((200 | 201, _)) => {
                votes[option] += 1;
                return retries;
            }
            Ok((503, body)) => assert!(body["retry_after"].is_u64(), "{body}"),
            Ok((status, body)) => panic!("{status} {body}"),
            Err(_) => {}
        }
        sleep(Duration::from_millis(fastrand::u64(50..250))).await;
    }
    panic!("the ballot is not accepted");
}
