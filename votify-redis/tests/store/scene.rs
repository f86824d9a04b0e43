use std::sync::Arc;
use std::time::Duration;

use votify_core::{Keyring, Poll, PollDraft, PollEngine, Store};
use votify_redis::RedisStore;

use crate::ahead::Ahead;
use crate::servers::{Kind, Servers};
pub(crate) use crate::vote::Vote;

/// A store on this server, as each process would open its own.
pub(crate) async fn open(url: &str) -> RedisStore {
    RedisStore::connect(url).await.unwrap()
}

/// Two instances on one server of their own.
pub(crate) struct Fleet {
    pub(crate) stores: [Arc<dyn Store>; 2],
    pub(crate) engines: [PollEngine; 2],
    _servers: Servers,
}

impl Fleet {
    /// The second one's clock is `ahead` of the first one's. `None` if there is no server.
    pub(crate) async fn of(kind: Kind, ahead: Duration) -> Option<Self> {
        let servers = Servers::of(kind)?;
        let stores: [Arc<dyn Store>; 2] = [
            Arc::new(open(&servers.url()).await),
            Arc::new(open(&servers.url()).await),
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
            _servers: servers,
        })
    }
}

pub(crate) async fn poll(engine: &PollEngine) -> Arc<Poll> {
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    engine.create_poll(draft).await.unwrap()
}
