//! Several instances write to one poll as fast as they can.

use futures_util::future::join_all;
use votify_core::{Outcome, Store};

use crate::ballots::{NOW, ballot, poll, votes};
use crate::scene::open;
use crate::servers::{Kind, Servers};

const INSTANCES: u32 = 5;
const BATCHES: u32 = 60;
/// Of different sizes: the larger one is, the longer it takes, and the sooner another one is first.
const SIZES: [u32; 5] = [1, 4, 50, 300, 2_000];

async fn nobody_is_always_last(kind: Kind) {
    let Some(servers) = Servers::of(kind) else {
        return;
    };
    let first = open(&servers.url()).await;
    let poll = poll(&first).await;
    let instances = (0..INSTANCES).zip(SIZES).map(|(instance, size)| {
        let (url, poll) = (servers.url(), poll.clone());
        tokio::spawn(async move {
            let store = open(&url).await;
            for batch in 0..BATCHES {
                let number = |n: u32| instance << 24 | batch << 12 | n;
                let ballots: Vec<_> = (0..size).map(|n| ballot(&poll, number(n))).collect();
                for outcome in store.cast_ballots(&ballots, NOW).await.outcomes {
                    assert!(
                        matches!(outcome, Ok(Outcome::Counted { .. })),
                        "batch {batch} of {size}: {outcome:?}"
                    );
                }
            }
        })
    });
    for instance in join_all(instances).await {
        instance.unwrap();
    }
    let sent = BATCHES * SIZES.iter().sum::<u32>();
    assert_eq!(votes(&first, &poll).await, u64::from(sent));
}

mod crowds_of_instances {
    on_each_server!(super::nobody_is_always_last);
}
