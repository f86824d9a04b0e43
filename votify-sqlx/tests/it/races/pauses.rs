//! The server stops answering while all connections stay open.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use votify_core::PollEngine;
use votify_core::engine::EngineError;
use votify_test_support::races::{Vote, create_poll};
use votify_test_support::sql::{Server, ServerKind};

use super::{on_each_server, open};

/// How long a call may take, and how soon after the pause a vote must count.
const LIMIT: Duration = Duration::from_secs(5);

/// Casts votes over the time `duration` of a pause. They must fail within [`LIMIT`], and
/// count when they are cast again after the pause.
async fn vote_during_a_pause(kind: ServerKind, voters: u128, duration: Duration) {
    let Some(server) = Server::new(kind, &[]).await else {
        return;
    };
    let store = open(kind, server.url()).await;
    let engine = PollEngine::new(Arc::clone(&store));
    let poll = create_poll(&engine).await;
    Vote::by(voters, 0).try_cast(&engine, &poll).await.unwrap();

    server.pause();
    let votes: Vec<Vote> = (0..voters).map(|voter| Vote::by(voter, 1)).collect();
    let tasks = votes.iter().map(|vote| {
        let (vote, engine, poll) = (*vote, engine.clone(), poll.clone());
        tokio::spawn(async move {
            // Spread at random by the last byte of the id, so that some votes come after
            // others have failed.
            sleep(duration / 256 * u32::from(vote.id.as_bytes()[15])).await;
            let since = Instant::now();
            let result = vote.try_cast(&engine, &poll).await;
            (result, since.elapsed())
        })
    });
    for result in join_all(tasks).await {
        let (result, time) = result.unwrap();
        match result {
            Err(EngineError::Store(error)) if error.is_transient() => {}
            other => panic!("{other:?}"),
        }
        assert!(time < LIMIT, "{time:?}");
    }
    server.resume();

    let (since, next) = (Instant::now(), Vote::by(voters + 1, 0));
    while let Err(error) = next.try_cast(&engine, &poll).await {
        assert!(since.elapsed() < LIMIT, "{error:?}");
    }
    for vote in votes {
        vote.try_cast(&engine, &poll).await.unwrap();
    }
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    assert_eq!(u128::from(audit.stored.total_votes), voters + 2);
}

// The first votes fail after 3 s, so that a pause of 4 s has votes after that.
on_each_server!(
    votes_count_after_a_pause_of_a_private_server:
        vote_during_a_pause(100, Duration::from_secs(4))
);
on_each_server!(
    votes_count_after_a_pause_of_a_private_server_endurance:
        vote_during_a_pause(300, Duration::from_secs(10))
);
