use std::sync::Arc;
use std::time::Duration;

use votify_core::{Keyring, Poll, PollDraft, PollEngine, Store};
use votify_sqlx::{MySqlStore, PostgresStore};

use crate::ahead::Ahead;
use crate::servers::{Database, Kind};
pub(crate) use crate::vote::Vote;

/// A store on the database of this URL, as each process would open its own.
pub(crate) async fn open(kind: Kind, url: &str) -> Arc<dyn Store> {
    match kind {
        Kind::Postgres => {
            let store = PostgresStore::connect(url).await.unwrap();
            store.migrate().await.unwrap();
            Arc::new(store)
        }
        Kind::MySql => {
            let store = MySqlStore::connect(url).await.unwrap();
            store.migrate().await.unwrap();
            Arc::new(store)
        }
    }
}

/// Two instances on one database of their own.
pub(crate) struct Fleet {
    pub(crate) stores: [Arc<dyn Store>; 2],
    pub(crate) engines: [PollEngine; 2],
    _database: Database,
}

impl Fleet {
    /// The second one's clock is `ahead` of the first one's. `None` if there is no server.
    pub(crate) async fn of(kind: Kind, ahead: Duration) -> Option<Self> {
        let database = Database::of(kind).await?;
        let stores = [
            open(kind, database.url()).await,
            open(kind, database.url()).await,
        ];
        let keyring = Keyring::ephemeral();
        let engine = |index: usize, ahead| {
            let builder = PollEngine::builder(Arc::clone(&stores[index]));
            let builder = builder.keyring(keyring.clone());
            builder.clock(Ahead(ahead)).build()
        };
        let engines = [engine(0, Duration::ZERO), engine(1, ahead)];
        Some(Self {
            stores,
            engines,
            _database: database,
        })
    }
}

pub(crate) async fn poll(engine: &PollEngine) -> Arc<Poll> {
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    engine.create_poll(draft).await.unwrap()
}
