use std::sync::Arc;

use futures_util::TryStreamExt;
use votify_core::{BallotId, Keyring, Poll, PollDraft, PollEngine, Store, Tally};
use votify_redis::{CachedStore, Redis};
use votify_sqlx::PostgresStore;
use votify_test_support::redis::Server;
use votify_test_support::sql::ScratchDatabase;

/// Two instances of a program. They share a PostgreSQL database, a Redis, and no
/// broadcaster.
pub(crate) struct Instances {
    pub(crate) engines: [PollEngine; 2],
    pub(crate) server: Server,
    store: PostgresStore,
    _database: ScratchDatabase,
}

impl Instances {
    pub(crate) async fn open() -> Option<Self> {
        let server = Server::new()?;
        let database = ScratchDatabase::postgres().await?;
        let store = PostgresStore::connect(database.url()).await.unwrap();
        store.migrate().await.unwrap();
        let keyring = Keyring::ephemeral();
        let engine = async || {
            let store = PostgresStore::connect(database.url()).await.unwrap();
            let redis = Redis::connect(&server.url()).await.unwrap();
            let builder = PollEngine::builder(CachedStore::new(store, redis));
            builder.keyring(keyring.clone()).build()
        };
        let engines = [engine().await, engine().await];
        Some(Self {
            engines,
            server,
            store,
            _database: database,
        })
    }

    pub(crate) async fn create_poll(&self) -> Arc<Poll> {
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        self.engines[0].create_poll(draft).await.unwrap()
    }

    /// Returns the tally in the database, without any cache.
    pub(crate) async fn stored_tally(&self, poll: &Poll) -> Tally {
        let tallies = self.store.tallies(&[poll.id]).await.unwrap();
        tallies.into_iter().next().unwrap().unwrap()
    }

    /// Checks that the database has exactly these active ballots, and an exact tally.
    pub(crate) async fn assert_stored(&self, poll: &Poll, expected: &[BallotId]) {
        let stored: Vec<_> = self.store.ballots(poll.id).try_collect().await.unwrap();
        let mut ids: Vec<_> = stored.iter().map(|active| active.ballot.id).collect();
        ids.sort_unstable();
        assert_eq!(ids.len(), expected.len(), "votes were lost or duplicated");
        assert!(
            ids == expected,
            "the stored votes are not the acknowledged ones"
        );
        let audit = self.store.audit_poll(poll.id).await.unwrap();
        assert!(audit.is_exact(), "{audit:?}");
        assert_eq!(audit.stored.total_votes, u64::try_from(ids.len()).unwrap());
    }
}
