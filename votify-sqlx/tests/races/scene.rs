use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use votify_core::engine::EngineError;
use votify_core::voter::SessionId;
use votify_core::{
    BallotId, Choice, Clock, Keyring, Poll, PollDraft, PollEngine, Store, SystemClock, Timestamp,
    Voter,
};
use votify_sqlx::{MySqlStore, PostgresStore};

use crate::servers::{Database, Kind};

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

/// The computer's clock, set forward.
#[derive(Debug)]
struct Ahead(Duration);

#[async_trait]
impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add(self.0)
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        while self.now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

pub(crate) async fn poll(engine: &PollEngine) -> Arc<Poll> {
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    engine.create_poll(draft).await.unwrap()
}

/// A ballot of somebody: whose, which, and for which option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Vote {
    voter: u128,
    pub(crate) id: BallotId,
    pub(crate) option: usize,
}

impl Vote {
    /// By the voter of that number; different every time.
    pub(crate) fn by(voter: u128, option: usize) -> Self {
        let id = BallotId::generate(SystemClock.now());
        Self { voter, id, option }
    }

    /// Whether it was counted now; `None` where it was refused as the poll's second or too late.
    pub(crate) async fn cast(self, engine: &PollEngine, poll: &Poll) -> Option<u64> {
        match self.try_cast(engine, poll).await {
            Ok(revision) => Some(revision),
            Err(EngineError::Refused(_)) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The revision that it made, also if that was earlier.
    pub(crate) async fn try_cast(
        self,
        engine: &PollEngine,
        poll: &Poll,
    ) -> Result<u64, EngineError> {
        use votify_core::Outcome::{Counted, Replayed};
        let voter = Voter::session(SessionId::from_bytes(self.voter.to_be_bytes()));
        let choice = Choice::one(poll.options[self.option].id);
        let receipt = engine.cast(poll.id, &voter, self.id, choice).await?;
        match receipt.outcome {
            Counted { revision } | Replayed { revision } => Ok(revision),
            other => panic!("{other:?}"),
        }
    }
}
