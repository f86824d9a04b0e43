//! The server stops answering, with all connections open.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use votify_core::PollEngine;
use votify_core::engine::EngineError;

use crate::scene::{Vote, open, poll};
use crate::servers::{Kind, Server};

const LIMIT: Duration = Duration::from_secs(5);
const VOTERS: u128 = 300;

async fn votes_fail_in_time_and_settle_later(kind: Kind) {
    let Some(server) = Server::of(kind, &[]).await else {
        return;
    };
    let store = open(kind, server.url()).await;
    let engine = PollEngine::new(std::sync::Arc::clone(&store));
    let poll = poll(&engine).await;
    Vote::by(VOTERS, 0).try_cast(&engine, &poll).await.unwrap();

    server.pause();
    let votes: Vec<Vote> = (0..VOTERS).map(|voter| Vote::by(voter, 1)).collect();
    let tasks = votes.iter().map(|vote| {
        let (vote, engine, poll) = (*vote, engine.clone(), poll.clone());
        tokio::spawn(async move {
            // They come over 10 s, so that some come after others were given up.
            sleep(Duration::from_millis(
                u64::from(vote.id.as_bytes()[15]) * 40,
            ))
            .await;
            let since = Instant::now();
            let answer = vote.try_cast(&engine, &poll).await;
            (answer, since.elapsed())
        })
    });
    for answer in join_all(tasks).await {
        let (answer, time) = answer.unwrap();
        match answer {
            Err(EngineError::Store(error)) if error.is_transient() => {}
            other => panic!("{other:?}"),
        }
        assert!(time < LIMIT, "{time:?}");
    }
    server.resume();

    let (since, next) = (Instant::now(), Vote::by(VOTERS + 1, 0));
    while let Err(error) = next.try_cast(&engine, &poll).await {
        assert!(since.elapsed() < LIMIT, "{error:?}");
    }
    for vote in votes {
        vote.try_cast(&engine, &poll).await.unwrap();
    }
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    assert_eq!(u128::from(audit.stored.total_votes), VOTERS + 2);
}

mod pauses_of_a_private_server {
    on_each_server!(super::votes_fail_in_time_and_settle_later);
}
