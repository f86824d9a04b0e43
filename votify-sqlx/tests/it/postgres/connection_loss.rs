//! Connections that are lost during a vote.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;
use votify_core::{Outcome, StoreError};
use votify_sqlx::PostgresStore;
use votify_sqlx::sqlx::PgPool;
use votify_test_support::ballots::{ballot, cast, poll, votes};

use super::harness::{Harness, run};

/// A statement and the pool to run it on.
type AfterDrop = Arc<Mutex<Option<(PgPool, &'static str)>>>;

/// A TCP proxy to a server that can drop a reply and its connection.
struct ReplyDroppingProxy {
    url: String,
    drop_next: Arc<AtomicBool>,
    /// Runs on the server after a reply was dropped and before its connection is closed.
    after_drop: AfterDrop,
    _tasks: JoinSet<()>,
}

impl ReplyDroppingProxy {
    async fn new(server: &str) -> Self {
        let mut url = Url::parse(server).unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let drop_next = Arc::new(AtomicBool::new(false));
        let after_drop = AfterDrop::default();
        let shared = (Arc::clone(&drop_next), Arc::clone(&after_drop));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&target).await.unwrap();
                connections.spawn(forward(client, server, shared.clone()));
            }
        });
        Self {
            url: url.to_string(),
            drop_next,
            after_drop,
            _tasks: tasks,
        }
    }
}

/// Forwards bytes in both directions until one end closes or a reply is dropped.
async fn forward(
    client: TcpStream,
    server: TcpStream,
    (drop_next, after_drop): (Arc<AtomicBool>, AfterDrop),
) {
    let ((mut client_in, mut client_out), (mut server_in, mut server_out)) =
        (client.into_split(), server.into_split());
    let requests = async {
        tokio::io::copy(&mut client_in, &mut server_out)
            .await
            .map(drop)
    };
    let replies = async {
        let mut reply = vec![0; 1 << 16];
        loop {
            let length = server_in.read(&mut reply).await?;
            if length == 0 {
                return Ok(());
            }
            if drop_next.swap(false, Ordering::SeqCst) {
                let after_drop = after_drop.lock().unwrap().take();
                if let Some((pool, sql)) = after_drop {
                    run(&pool, sql).await;
                }
                return Ok(());
            }
            client_out.write_all(&reply[..length]).await?;
        }
    };
    // The end of either direction closes the connection.
    let _: std::io::Result<()> = tokio::select! {
        ended = requests => ended,
        ended = replies => ended,
    };
}

/// Opens a store whose connections lead through a proxy; `None` without a server.
async fn store_behind_proxy() -> Option<(Harness, ReplyDroppingProxy, PostgresStore)> {
    let harness = Harness::new().await?;
    harness.store().await;
    let proxy = ReplyDroppingProxy::new(harness.url()).await;
    let store = PostgresStore::connect(&proxy.url).await.unwrap();
    Some((harness, proxy, store))
}

/// The store casts the same ballots again to find out whether the commit happened.
#[tokio::test]
async fn a_vote_whose_reply_is_lost_counts_once() {
    let Some((_harness, proxy, store)) = store_behind_proxy().await else {
        return;
    };
    let poll = poll(&store).await;
    for number in 0..3 {
        cast(&store, &[ballot(&poll, number)])
            .await
            .remove(0)
            .unwrap();
    }
    for number in 3..13 {
        proxy.drop_next.store(true, Ordering::SeqCst);
        let outcome = cast(&store, &[ballot(&poll, number)]).await.remove(0);
        assert!(!proxy.drop_next.load(Ordering::SeqCst), "no reply was lost");
        let expected = u64::from(number) + 1;
        match outcome {
            // The first attempt was committed.
            Ok(Outcome::Replayed { revision }) => assert_eq!(revision, expected),
            // The lost reply belonged to an earlier statement.
            Ok(Outcome::Counted { revision }) => assert_eq!(revision, expected),
            other => panic!("{other:?}"),
        }
        assert_eq!(votes(&store, &poll).await, expected);
    }
}

/// The first attempt may have been committed, so an error of the second one must not say
/// that nothing was written.
#[tokio::test]
async fn an_error_after_a_lost_reply_leaves_the_outcome_unknown() {
    let Some((harness, proxy, store)) = store_behind_proxy().await else {
        return;
    };
    let poll = poll(&store).await;
    let (hide, show) = (
        "ALTER TABLE votify_votes RENAME TO hidden_votes",
        "ALTER TABLE hidden_votes RENAME TO votify_votes",
    );
    for attempt in 0..20 {
        // After a conflict the store commits 32 batches pessimistically.
        for number in 0..40 {
            let known = ballot(&poll, 100 * attempt + number);
            cast(&store, &[known]).await.remove(0).unwrap();
        }
        *proxy.after_drop.lock().unwrap() = Some((harness.pool().await, hide));
        proxy.drop_next.store(true, Ordering::SeqCst);
        let vote = ballot(&poll, 100 * attempt + 40);
        let outcome = cast(&store, std::slice::from_ref(&vote)).await.remove(0);
        run(&harness.pool().await, show).await;
        let retried = cast(&store, &[vote]).await.remove(0);
        assert_eq!(votes(&store, &poll).await, 41 * u64::from(attempt) + 41);
        // Otherwise the lost reply belonged to an earlier statement.
        if let (Err(error), Ok(Outcome::Replayed { .. })) = (outcome, retried) {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            return;
        }
    }
    panic!("no lost reply belonged to a commit");
}

#[tokio::test]
async fn a_vote_whose_backend_is_terminated_is_cast_again() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    // Every second insert terminates its own connection.
    run(
        &harness.pool().await,
        "CREATE SEQUENCE inserts; \
         CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            IF nextval('inserts') % 2 = 0 THEN PERFORM pg_terminate_backend(pg_backend_pid()); \
            END IF; RETURN NEW; END $$; \
         CREATE TRIGGER cut BEFORE INSERT ON votify_votes FOR EACH ROW EXECUTE FUNCTION cut()",
    )
    .await;
    for number in 0..6 {
        let outcome = cast(&store, &[ballot(&poll, number)]).await.remove(0);
        let revision = u64::from(number) + 1;
        assert_eq!(outcome.unwrap(), Outcome::Counted { revision });
    }
    assert_eq!(votes(&store, &poll).await, 6);
}
