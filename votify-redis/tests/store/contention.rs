//! Several instances write to one poll as fast as they can.

use futures_util::future::join_all;
use votify_core::{Outcome, Store};
use votify_test_support::ballots::{NOW, ballot, poll, votes};

use crate::harness::{PrivateServer, ServerKind, open_store};

const INSTANCES: u32 = 5;
const BATCHES: u32 = 60;
/// Batch size of each instance. Larger batches take longer and conflict more often.
const BATCH_SIZES: [u32; 5] = [1, 4, 50, 300, 2_000];

async fn no_instance_starves(kind: ServerKind) {
    let Some(server) = PrivateServer::start(kind) else {
        return;
    };
    let first = open_store(&server.url()).await;
    let poll = poll(&first).await;
    let instances = (0..INSTANCES).zip(BATCH_SIZES).map(|(instance, size)| {
        let (url, poll) = (server.url(), poll.clone());
        tokio::spawn(async move {
            let store = open_store(&url).await;
            for batch in 0..BATCHES {
                let number = |n: u32| instance << 24 | batch << 12 | n;
                let ballots: Vec<_> = (0..size).map(|n| ballot(&poll, number(n))).collect();
                for outcome in store.cast_ballots(&ballots, NOW).await.outcomes {
                    assert!(
                        matches!(outcome, Ok(Outcome::Counted { .. })),
                        "batch {batch} of {size} ballots: {outcome:?}"
                    );
                }
            }
        })
    });
    for instance in join_all(instances).await {
        instance.unwrap();
    }
    let sent = BATCHES * BATCH_SIZES.iter().sum::<u32>();
    assert_eq!(votes(&first, &poll).await, u64::from(sent));
}

mod no_instance_starves_under_contention {
    on_each_server!(super::no_instance_starves);
}
