use std::error::Error;
use std::path::PathBuf;

use tempfile::TempDir;
use votify_core::{
    Ballot, BallotId, Choice, Keyring, Outcome, Poll, PollDraft, PollId, Store, StoreError,
    Timestamp, VoterId, VoterPolicy,
};
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

/// A folder that goes away at the end, and the file of a database in it.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn url(&self, name: &str, mode: &str) -> String {
        format!("sqlite://{}?mode={mode}", self.path(name).display())
    }

    pub(crate) async fn store(&self) -> SqliteStore {
        let store = SqliteStore::connect(&self.url("votify.db", "rwc"))
            .await
            .unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// A host's pool on the same file, of one connection so that its pragmas hold for every statement.
    pub(crate) async fn pool(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(self.path("votify.db"))
            .create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(1);
        pool.connect_with(options).await.unwrap()
    }
}

pub(crate) fn draft(title: &str) -> Poll {
    PollDraft::single_choice(title, ["Pizza", "Sushi"])
        .into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
        .unwrap()
}

pub(crate) async fn poll(store: &SqliteStore) -> Poll {
    let poll = draft("Lunch?");
    store.create_poll(&poll).await.unwrap();
    poll
}

/// The ballot of voter number `number`: the same one every time.
pub(crate) fn ballot(poll: &Poll, number: u32) -> Ballot {
    let mut value = [0; 15];
    value[..4].copy_from_slice(&number.to_be_bytes());
    let voter = VoterId::new(VoterPolicy::Browser, value);
    Ballot {
        id: BallotId::from_bytes(*voter.as_bytes()),
        poll: poll.id,
        voter,
        choice: Choice::one(poll.options[0].id),
    }
}

pub(crate) async fn cast(
    store: &SqliteStore,
    ballots: &[Ballot],
) -> Vec<Result<Outcome, StoreError>> {
    store.cast_ballots(ballots, NOW).await.outcomes
}

pub(crate) async fn votes(store: &SqliteStore, poll: &Poll) -> u64 {
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    audit.kept.total_votes
}

/// An error with its sources, as a program would print it.
pub(crate) fn line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        line = format!("{line}: {error}");
        source = error.source();
    }
    line
}
