//! Connections that end while a vote is on its way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;
use votify_core::Outcome;
use votify_sqlx::PostgresStore;

use crate::ballots::{ballot, cast, poll, votes};
use crate::scene::{Scene, run};

/// A network between a store and the server that can lose an answer.
struct Network {
    url: String,
    /// Whether the next answer is lost, and its connection with it.
    loses: Arc<AtomicBool>,
    _tasks: JoinSet<()>,
}

impl Network {
    async fn to(server: &str) -> Self {
        let mut url = Url::parse(server).unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let loses = Arc::new(AtomicBool::new(false));
        let losing = Arc::clone(&loses);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let far = TcpStream::connect(&target).await.unwrap();
                connections.spawn(pass(near, far, Arc::clone(&losing)));
            }
        });
        Self {
            url: url.to_string(),
            loses,
            _tasks: tasks,
        }
    }
}

async fn pass(near: TcpStream, far: TcpStream, loses: Arc<AtomicBool>) {
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) =
        (near.into_split(), far.into_split());
    let questions = async { tokio::io::copy(&mut near_in, &mut far_out).await.map(drop) };
    let answers = async {
        let mut answer = vec![0; 1 << 16];
        loop {
            let length = far_in.read(&mut answer).await?;
            if length == 0 || loses.swap(false, Ordering::SeqCst) {
                return Ok(());
            }
            near_out.write_all(&answer[..length]).await?;
        }
    };
    // Whichever ends first takes the connection with it.
    let _: std::io::Result<()> = tokio::select! {
        ended = questions => ended,
        ended = answers => ended,
    };
}

/// Whether a commit happened whose answer was lost is settled by casting the same ballots again.
#[tokio::test]
async fn a_vote_whose_answer_is_lost_counts_once() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.store().await;
    let network = Network::to(scene.url()).await;
    let store = PostgresStore::connect(&network.url).await.unwrap();
    let poll = poll(&store).await;
    for number in 0..3 {
        cast(&store, &[ballot(&poll, number)])
            .await
            .remove(0)
            .unwrap();
    }
    for number in 3..13 {
        network.loses.store(true, Ordering::SeqCst);
        let outcome = cast(&store, &[ballot(&poll, number)]).await.remove(0);
        assert!(!network.loses.load(Ordering::SeqCst), "an answer was lost");
        let revision = u64::from(number) + 1;
        match outcome {
            // It was committed the first time.
            Ok(Outcome::Replayed { revision: told }) => assert_eq!(told, revision),
            // What was lost was the answer to something before.
            Ok(Outcome::Counted { revision: told }) => assert_eq!(told, revision),
            other => panic!("{other:?}"),
        }
        assert_eq!(votes(&store, &poll).await, revision);
    }
}

/// The server ends the connection in the middle of the statement, once.
#[tokio::test]
async fn a_vote_whose_statement_is_cut_off_is_cast_again() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    run(
        &scene.pool().await,
        "CREATE SEQUENCE turns; CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            IF nextval('turns') % 2 = 0 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$; \
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
