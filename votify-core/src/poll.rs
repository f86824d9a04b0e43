//! Polls: how one is drafted, what it consists of, how it changes and ends.

mod change;
mod draft;
mod limits;
mod option;
mod problem;
mod quota;
mod rules;
mod state;
mod status;

pub use change::{ChangeRefusal, OptionChange, PollChange};
pub use draft::PollDraft;
pub use limits::{
    CATEGORY_MAX, DESCRIPTION_MAX, OPTION_TEXT_MAX, OPTIONS_MAX, OPTIONS_MIN, TITLE_MAX,
};
pub use option::PollOption;
pub use problem::{FieldError, InvalidPoll};
pub use quota::AddressQuota;
pub use rules::{BallotKind, PollRules, ResultsPolicy};
pub use state::{PollState, SealCause};
pub use status::PollStatus;

use serde::{Deserialize, Serialize};

use crate::id::{OptionId, PollId};
use crate::secret::{KeyId, Keyring};
use crate::time::Timestamp;
use crate::voter::{Caller, OwnerId};

/// A poll's definition: everything but its counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// Its name.
    pub id: PollId,
    /// The question, trimmed, 1 to [`TITLE_MAX`] characters.
    pub title: String,
    /// More about it, up to [`DESCRIPTION_MAX`] characters; may be empty.
    pub description: String,
    /// A word to file it under.
    pub category: Option<String>,
    /// How votes are cast and shown; frozen at the first ballot.
    pub rules: PollRules,
    /// What can be voted for, [`OPTIONS_MIN`] to [`OPTIONS_MAX`] of them, in the order they are shown.
    pub options: Vec<PollOption>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first moment at which a ballot counts.
    pub opens_at: Timestamp,
    /// The first moment at which no ballot counts any more; `None` is "until its owner closes it".
    pub closes_at: Option<Timestamp>,
    /// When its texts were last edited after the first ballot.
    pub edited_at: Option<Timestamp>,
    /// When it was sealed: from then on it never changes.
    pub sealed_at: Option<Timestamp>,
    /// Who may change it; `None` is "only the program that embeds the engine".
    pub owner: Option<OwnerId>,
    /// The secret that its voter and owner ids are keyed with.
    pub key: KeyId,
    /// Grows by one with every edit and with the seal, from 0.
    pub version: u64,
}

impl Poll {
    /// Whether it is open at `now`, not yet, or no more.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> PollStatus {
        if self.is_sealed() || self.closes_at.is_some_and(|end| end <= now) {
            PollStatus::Closed
        } else if now < self.opens_at {
            PollStatus::Scheduled
        } else {
            PollStatus::Open
        }
    }

    /// Whether its result is final.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        self.sealed_at.is_some()
    }

    /// The option of that id.
    #[must_use]
    pub fn option(&self, id: OptionId) -> Option<&PollOption> {
        self.options.iter().find(|option| option.id == id)
    }

    /// Whether `voter` made this poll, by account or by session.
    #[must_use]
    pub fn is_owned_by(&self, voter: &Caller, keyring: &Keyring) -> bool {
        self.owner.is_some_and(|owner| {
            voter
                .owner_candidates()
                .any(|caller| OwnerId::derive(&caller, self.id, self.key, keyring) == Some(owner))
        })
    }
}
