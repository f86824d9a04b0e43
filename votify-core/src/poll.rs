//! Polls: drafts, definitions, changes and states.

mod change;
mod draft;
mod error;
mod join_code;
mod metadata;
mod quota;
mod rules;
mod state;
mod validation;
mod visibility;

pub use change::{ChangeRefusal, OptionChange, PollChange};
pub use draft::PollDraft;
pub use error::{FieldError, InvalidPoll};
pub use join_code::{JoinCode, ParseJoinCodeError};
pub use metadata::{Metadata, MetadataError};
pub use quota::AddressQuota;
pub use rules::{BallotKind, PollRules, ResultsPolicy};
pub use state::{PollState, SealCause};
pub use validation::{
    CATEGORY_MAX, DESCRIPTION_MAX, EXTERNAL_REF_MAX, OPTION_TEXT_MAX, OPTIONS_MAX, OPTIONS_MIN,
    TITLE_MAX,
};
pub use visibility::Visibility;

use serde::{Deserialize, Serialize};

use crate::id::{OptionId, PollId};
use crate::secret::{KeyId, Keyring};
use crate::time::Timestamp;
use crate::voter::{Caller, OwnerId, OwnerKind};

/// A poll's definition: everything except its counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// The poll's id.
    pub id: PollId,
    /// The question, trimmed, in NFC, 1 to [`TITLE_MAX`] characters.
    pub title: String,
    /// Further text, trimmed, in NFC, 0 to [`DESCRIPTION_MAX`] characters.
    pub description: String,
    /// The category, trimmed, in NFC, 1 to [`CATEGORY_MAX`] characters.
    pub category: Option<String>,
    /// The rules for votes and results. The first ballot freezes them.
    pub rules: PollRules,
    /// The [`OPTIONS_MIN`] to [`OPTIONS_MAX`] options, in display order.
    pub options: Vec<PollOption>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The first moment at which a ballot counts. `None`: open since its creation.
    pub opens_at: Option<Timestamp>,
    /// The first moment at which ballots no longer count. `None`: open until its owner
    /// closes it.
    pub closes_at: Option<Timestamp>,
    /// The time of the last edit of a text after the first ballot.
    pub edited_at: Option<Timestamp>,
    /// The time of the seal. Only a repair or a deletion changes a sealed poll.
    pub sealed_at: Option<Timestamp>,
    /// The owner, who may change the poll. `None`: only the program that embeds the
    /// engine may.
    pub owner: Option<PollOwner>,
    /// Whether lists show the poll.
    pub visibility: Visibility,
    /// The host's own id for the poll, unchanged, up to [`EXTERNAL_REF_MAX`] characters.
    /// Several polls may have the same one.
    pub external_ref: Option<String>,
    /// The host's data, which Votify stores unchanged and does not read.
    pub metadata: Option<Metadata>,
    /// A short code that finds the poll until
    /// [`join_code_expires_at`](Self::join_code_expires_at). Afterwards another poll may
    /// have the same one.
    pub join_code: Option<JoinCode>,
    /// The secret from which the poll's voter and owner ids are derived.
    pub key: KeyId,
    /// The number of edits, including the seal. Starts at 0.
    pub version: u64,
}

/// The owner of a poll, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PollOwner {
    /// The keyed digest of the account or session.
    pub id: OwnerId,
    /// Whether the id was derived from an account or a session.
    pub kind: OwnerKind,
}

/// One option of a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollOption {
    /// The option's id. Edits of the text do not change it.
    pub id: OptionId,
    /// The text, trimmed, in NFC, 1 to [`OPTION_TEXT_MAX`] characters. It looks different
    /// from the other texts of its poll.
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
    ///
    /// `ever_had_ballots` is that of the poll's [`Tally`](crate::Tally). Once a ballot was
    /// counted, the poll is never `Scheduled` again, even if a clock goes back.
    #[must_use]
    pub fn status(&self, now: Timestamp, ever_had_ballots: bool) -> PollStatus {
        if self.is_sealed() || self.closes_at.is_some_and(|end| end <= now) {
            PollStatus::Closed
        } else if !ever_had_ballots && self.opens_at.is_some_and(|start| now < start) {
            PollStatus::Scheduled
        } else {
            PollStatus::Open
        }
    }

    /// Returns `opens_at`, or the time of creation if there is none.
    #[must_use]
    pub fn opening_time(&self) -> Timestamp {
        self.opens_at.unwrap_or(self.created_at)
    }

    /// Returns the time from which another poll may get this poll's join code: 7 days
    /// after `closes_at` or the seal, whichever is earlier. `None` if the poll has
    /// neither.
    #[must_use]
    pub fn join_code_expires_at(&self) -> Option<Timestamp> {
        let closed_at = match (self.sealed_at, self.closes_at) {
            (Some(sealed_at), Some(closes_at)) => Some(sealed_at.min(closes_at)),
            (sealed_at, closes_at) => sealed_at.or(closes_at),
        };
        closed_at.map(|time| time.saturating_add(JoinCode::KEPT_AFTER_CLOSE))
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

    /// Returns the number of bytes of the texts that a store keeps for this poll: title,
    /// description, category, options, `external_ref` and metadata.
    ///
    /// ```
    /// use votify_core::{Keyring, PollDraft, PollId, Timestamp};
    ///
    /// # fn main() -> Result<(), votify_core::poll::InvalidPoll> {
    /// let draft = PollDraft::single_choice(" Lunch? ", ["Pizza", "Sushi"]);
    /// let (id, now) = (PollId::generate(Timestamp::EPOCH), Timestamp::EPOCH);
    /// let poll = draft.into_poll(id, now, &Keyring::ephemeral())?;
    /// assert_eq!(poll.text_bytes(), "Lunch?PizzaSushi".len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let optional = [&self.category, &self.external_ref];
        let optional = optional.into_iter().flatten().map(String::len);
        let options = self.options.iter().map(|option| option.text.len());
        let metadata = self.metadata.as_ref().map_or(0, |data| data.as_str().len());
        let texts = optional.chain(options).sum::<usize>();
        self.title.len() + self.description.len() + texts + metadata
    }

    /// Returns the number of bytes of those texts that `before` does not have in the same
    /// place: what a change of it adds to a store.
    ///
    /// ```
    /// use votify_core::{Keyring, PollDraft, PollId, Timestamp};
    ///
    /// # fn main() -> Result<(), votify_core::poll::InvalidPoll> {
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let (id, now) = (PollId::generate(Timestamp::EPOCH), Timestamp::EPOCH);
    /// let before = draft.into_poll(id, now, &Keyring::ephemeral())?;
    /// let mut changed = before.clone();
    /// changed.title = "Dinner?".into();
    /// assert_eq!(changed.changed_text_bytes(&before), "Dinner?".len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn changed_text_bytes(&self, before: &Self) -> usize {
        let texts = [
            (Some(&self.title), Some(&before.title)),
            (Some(&self.description), Some(&before.description)),
            (self.category.as_ref(), before.category.as_ref()),
            (self.external_ref.as_ref(), before.external_ref.as_ref()),
        ];
        let options = self.options.iter().map(|option| {
            let before = before.option(option.id).map(|option| &option.text);
            (Some(&option.text), before)
        });
        let changed = texts
            .into_iter()
            .chain(options)
            .filter(|(now, before)| now != before);
        let texts = changed.filter_map(|(now, _)| now).map(String::len);
        let metadata = self.metadata.as_ref();
        let metadata = metadata.filter(|_| self.metadata != before.metadata);
        texts.sum::<usize>() + metadata.map_or(0, |data| data.as_str().len())
    }

    /// Returns true if a browser session owns this poll.
    ///
    /// ```
    /// use votify_core::{Keyring, Owner, PollDraft, PollId, SessionId, Timestamp};
    ///
    /// # fn main() -> Result<(), votify_core::poll::InvalidPoll> {
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let draft = draft.owner(Owner::Session(SessionId::random()));
    /// let (id, now) = (PollId::generate(Timestamp::EPOCH), Timestamp::EPOCH);
    /// assert!(draft.into_poll(id, now, &Keyring::ephemeral())?.is_of_session());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_of_session(&self) -> bool {
        self.owner
            .is_some_and(|owner| owner.kind == OwnerKind::Session)
    }

    /// Returns true if `caller` owns this poll, by account or by session.
    #[must_use]
    pub fn is_owned_by(&self, caller: &Caller, keyring: &Keyring) -> bool {
        self.owner.is_some_and(|owner| {
            caller
                .owner_candidates()
                .any(|candidate| OwnerId::derive(&candidate, self.key, keyring) == Some(owner.id))
        })
    }
}
