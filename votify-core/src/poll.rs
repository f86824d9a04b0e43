//! Polls: drafts, definitions, changes and states.

mod change;
mod draft;
mod error;
mod quota;
mod rules;
mod state;
mod validation;

pub use change::{ChangeRefusal, OptionChange, PollChange};
pub use draft::PollDraft;
pub use error::{FieldError, InvalidPoll};
pub use quota::AddressQuota;
pub use rules::{BallotKind, PollRules, ResultsPolicy};
pub use state::{PollState, SealCause};
pub use validation::{
    CATEGORY_MAX, DESCRIPTION_MAX, OPTION_TEXT_MAX, OPTIONS_MAX, OPTIONS_MIN, TITLE_MAX,
};

use serde::{Deserialize, Serialize};

use crate::id::{OptionId, PollId};
use crate::secret::{KeyId, Keyring};
use crate::time::Timestamp;
use crate::voter::{Caller, OwnerId};

/// A poll's definition: everything except its counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// The poll's id.
    pub id: PollId,
    /// The question, trimmed, 1 to [`TITLE_MAX`] characters.
    pub title: String,
    /// Further text, 0 to [`DESCRIPTION_MAX`] characters.
    pub description: String,
    /// The category, 1 to [`CATEGORY_MAX`] characters.
    pub category: Option<String>,
    /// The rules for votes and results. The first ballot freezes them.
    pub rules: PollRules,
    /// The [`OPTIONS_MIN`] to [`OPTIONS_MAX`] options, in display order.
    pub options: Vec<PollOption>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The first moment at which a ballot counts.
    pub opens_at: Timestamp,
    /// The first moment at which ballots no longer count. `None`: open until its owner
    /// closes it.
    pub closes_at: Option<Timestamp>,
    /// The time of the last edit of a text after the first ballot.
    pub edited_at: Option<Timestamp>,
    /// The time of the seal. Only a repair or a deletion changes a sealed poll.
    pub sealed_at: Option<Timestamp>,
    /// The owner, who may change the poll. `None`: only the program that embeds the
    /// engine may.
    pub owner: Option<OwnerId>,
    /// The secret from which the poll's voter and owner ids are derived.
    pub key: KeyId,
    /// The number of edits, including the seal. Starts at 0.
    pub version: u64,
}

/// One option of a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollOption {
    /// The option's id. Edits of the text do not change it.
    pub id: OptionId,
    /// The text, trimmed, 1 to [`OPTION_TEXT_MAX`] characters, unique in its poll.
    pub text: String,
}

/// The phase of a poll at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollStatus {
    /// The poll's `opens_at` is in the future.
    Scheduled,
    /// Ballots count.
    Open,
    /// The poll's `closes_at` has passed, or its owner closed it.
    Closed,
}

impl Poll {
    /// Returns the poll's status at `now`.
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

    /// Returns true if the result is final.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        self.sealed_at.is_some()
    }

    /// Returns the option with this id.
    #[must_use]
    pub fn option(&self, id: OptionId) -> Option<&PollOption> {
        self.options.iter().find(|option| option.id == id)
    }

    /// Returns true if `caller` owns this poll, by account or by session.
    #[must_use]
    pub fn is_owned_by(&self, caller: &Caller, keyring: &Keyring) -> bool {
        self.owner.is_some_and(|owner| {
            caller.owner_candidates().any(|candidate| {
                OwnerId::derive(&candidate, self.id, self.key, keyring) == Some(owner)
            })
        })
    }
}
