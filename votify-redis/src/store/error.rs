use redis::RedisError;
use votify_core::{PollId, StoreError};

use crate::error::{Error, NAME};
use votify_core::store::Durability;

/// What can go wrong in the store, named by what follows from it; turned into a [`StoreError`] once, at the edge.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Redis(#[from] Error),
    /// The call as a whole took too long: the server was slow, or others wrote to the poll whenever this call wanted to.
    #[error("not done in time")]
    Late,
    #[error(transparent)]
    Damaged(#[from] Damaged),
    #[error("a poll cannot be written: {0}")]
    Unwritable(String),
    #[error("{ballots} ballots of one poll are more than can be written at once")]
    TooMany { ballots: usize },
    #[error(
        "it throws votes away when its memory is full: set maxmemory-policy to noeviction, or maxmemory to 0"
    )]
    Evicting,
    #[error(
        "it is not durable enough; an acknowledged vote is {0}. Needed are appendonly yes and appendfsync always"
    )]
    NotDurable(Durability),
    #[error("poll {0} does not exist")]
    NotFound(PollId),
    #[error("poll {0} exists already")]
    Exists(PollId),
}

/// Data that this library would not have written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what} cannot be read; it belongs to {owner}")]
pub(super) struct Damaged {
    owner: String,
    what: &'static str,
}

impl Damaged {
    pub(super) fn of(poll: PollId, what: &'static str) -> Self {
        Self {
            owner: format!("poll {poll}"),
            what,
        }
    }

    pub(super) fn of_listing(what: &'static str) -> Self {
        Self {
            owner: "the listings".to_owned(),
            what,
        }
    }
}

/// What scripts answer if an inserted ballot would not be a voter's only one.
const TWICE: &str = "VOTIFYTWICE";

impl Fault {
    pub(super) fn into_store_error(self) -> StoreError {
        match self {
            Self::NotFound(id) => StoreError::PollNotFound(id),
            Self::Exists(id) => StoreError::PollExists(id),
            Self::Late => StoreError::unavailable(NAME, self),
            Self::Damaged(_) => StoreError::corrupt(NAME, self),
            Self::Redis(Error::Driver(error)) if tells_of_damage(&error) => {
                StoreError::corrupt(NAME, error)
            }
            Self::Redis(error) => error.into_store_error(),
            Self::Unwritable(_) | Self::TooMany { .. } | Self::Evicting | Self::NotDurable(_) => {
                StoreError::failed(NAME, self)
            }
        }
    }
}

/// Whether a key holds something of another kind than this library puts there, or other rows.
fn tells_of_damage(error: &RedisError) -> bool {
    matches!(error.code(), Some("WRONGTYPE" | TWICE))
}
