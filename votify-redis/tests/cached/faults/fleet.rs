use std::sync::Arc;

use futures_util::TryStreamExt;
use votify_core::{BallotId, Keyring, Poll, PollDraft, PollEngine, Store, Tally};
use votify_redis::{CachedStore, Redis};
use votify_sqlx::PostgresStore;

use crate::servers::Server;
use crate::sql_servers::Database;

/// Two instances of a program, which share a PostgreSQL and a Redis and nothing else.
pub(crate) struct Fleet {
    pub(crate) engines: [PollEngine; 2],
    pub(crate) server: Server,
    store: PostgresStore,
    _database: Database,
}

impl Fleet {
    pub(crate) async fn open() -> Option<Self> {
        let server = Server::plain()?;
        let database = Database::postgres().await?;
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

    pub(crate) async fn poll(&self) -> Arc<Poll> {
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        self.engines[0].create_poll(draft).await.unwrap()
    }

    /// As the database has it, past all caches.
    pub(crate) async fn tally(&self, poll: &Poll) -> Tally {
        let tallies = self.store.tallies(&[poll.id]).await.unwrap();
        tallies.into_iter().next().unwrap().unwrap()
    }

    /// Exactly these ballots stand, and the tally is their count.
    pub(crate) async fn assert_counted(&self, poll: &Poll, expected: &[BallotId]) {
        let standing: Vec<_> = self.store.ballots(poll.id).try_collect().await.unwrap();
        let mut ids: Vec<_> = standing.iter().map(|one| one.ballot.id).collect();
        ids.sort_unstable();
        assert_eq!(ids.len(), expected.len(), "no vote is lost or doubled");
        assert!(ids == expected, "the votes that were acknowledged");
        let audit = self.store.audit_poll(poll.id).await.unwrap();
        assert!(audit.is_exact(), "{audit:?}");
        assert_eq!(audit.stored.total_votes, u64::try_from(ids.len()).unwrap());
    }
}
