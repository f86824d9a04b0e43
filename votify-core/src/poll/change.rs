use crate::id::OptionId;
use crate::poll::draft::{check_closing_time, check_definition, normalize_category};
use crate::poll::{
    AddressQuota, BallotKind, InvalidPoll, Poll, PollOption, PollStatus, ResultsPolicy,
};
use crate::time::Timestamp;
use crate::voter::VoterPolicy;

/// What an owner wants changed; `None` leaves a thing as it is.
///
/// Until the first ballot everything can be changed, afterwards only texts and `closes_at`; once closed, nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollChange {
    /// A new question.
    pub title: Option<String>,
    /// A new description; empty takes it away.
    pub description: Option<String>,
    /// A new category; `Some(None)` takes it away.
    pub category: Option<Option<String>>,
    /// The whole new list of options.
    pub options: Option<Vec<OptionChange>>,
    /// What a ballot looks like.
    pub ballot: Option<BallotKind>,
    /// What counts as one voter.
    pub voters: Option<VoterPolicy>,
    /// Who sees counts, and when.
    pub results: Option<ResultsPolicy>,
    /// Whether a voter may vote anew.
    pub revote: Option<bool>,
    /// How many ballots may stand from one address; `Some(None)` takes the limit away.
    pub address_quota: Option<Option<AddressQuota>>,
    /// When it opens.
    pub opens_at: Option<Timestamp>,
    /// When it closes; `Some(None)` leaves that to the owner.
    pub closes_at: Option<Option<Timestamp>>,
}

/// One entry of a changed list of options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionChange {
    /// An option that the poll has already, perhaps with another text.
    Keep {
        /// Which one.
        id: OptionId,
        /// What it says from now on; `None` leaves its text as it is.
        text: Option<String>,
    },
    /// A new option.
    Add {
        /// Its id, freshly made.
        id: OptionId,
        /// What it says.
        text: String,
    },
}

/// Why a change was refused. Nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeRefusal {
    /// The poll is closed.
    #[error("the poll is closed")]
    Closed,
    /// Ballots were cast, and this field is frozen since.
    #[error("{field} cannot change any more, because ballots were cast")]
    HasVotes {
        /// The first such field.
        field: &'static str,
    },
    /// The result would be no valid poll.
    #[error(transparent)]
    Invalid(#[from] InvalidPoll),
}

impl PollChange {
    /// The poll as it would be after this change at `now`, its version one higher; `None` if nothing would differ.
    ///
    /// `ever_had_ballots`: whether a ballot was ever counted.
    ///
    /// # Errors
    /// Why the change is refused.
    pub(crate) fn apply(
        &self,
        poll: &Poll,
        ever_had_ballots: bool,
        now: Timestamp,
    ) -> Result<Option<Poll>, ChangeRefusal> {
        if poll.status(now) == PollStatus::Closed {
            return Err(ChangeRefusal::Closed);
        }
        let mut changed = self.merged_with(poll)?;
        if ever_had_ballots && let Some(field) = first_frozen_field(poll, &changed) {
            return Err(ChangeRefusal::HasVotes { field });
        }
        let mut problems = check_definition(&changed);
        if changed.closes_at != poll.closes_at || changed.opens_at != poll.opens_at {
            check_closing_time(&changed, now, &mut problems);
        }
        problems.into_result(())?;
        if changed == *poll {
            return Ok(None);
        }
        let texts = |poll: &Poll| {
            (
                poll.title.clone(),
                poll.description.clone(),
                poll.options.clone(),
            )
        };
        if ever_had_ballots && texts(poll) != texts(&changed) {
            changed.edited_at = Some(now);
        }
        changed.version += 1;
        Ok(Some(changed))
    }

    fn merged_with(&self, poll: &Poll) -> Result<Poll, InvalidPoll> {
        let mut changed = poll.clone();
        if let Some(title) = &self.title {
            changed.title = title.trim().to_owned();
        }
        if let Some(description) = &self.description {
            changed.description = description.trim().to_owned();
        }
        if let Some(category) = &self.category {
            changed.category = normalize_category(category.clone());
        }
        if let Some(options) = &self.options {
            changed.options = apply_option_changes(poll, options)?;
        }
        changed.rules.ballot = self.ballot.unwrap_or(poll.rules.ballot);
        changed.rules.voters = self.voters.unwrap_or(poll.rules.voters);
        changed.rules.results = self.results.unwrap_or(poll.rules.results);
        changed.rules.revote = self.revote.unwrap_or(poll.rules.revote);
        changed.rules.address_quota = self.address_quota.unwrap_or(poll.rules.address_quota);
        changed.opens_at = self.opens_at.unwrap_or(poll.opens_at);
        changed.closes_at = self.closes_at.unwrap_or(poll.closes_at);
        Ok(changed)
    }
}

fn apply_option_changes(
    poll: &Poll,
    changes: &[OptionChange],
) -> Result<Vec<PollOption>, InvalidPoll> {
    let mut problems = InvalidPoll::default();
    let mut options: Vec<PollOption> = Vec::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate() {
        let option = match change {
            OptionChange::Add { id, text } => PollOption {
                id: *id,
                text: text.trim().to_owned(),
            },
            OptionChange::Keep { id, text } => {
                let Some(old) = poll.option(*id) else {
                    problems.add(format!("options[{index}].id"), "is no option of this poll");
                    continue;
                };
                let text = text
                    .as_deref()
                    .map_or_else(|| old.text.clone(), |text| text.trim().to_owned());
                PollOption { id: *id, text }
            }
        };
        if options.iter().any(|other| other.id == option.id) {
            problems.add(format!("options[{index}].id"), "stands twice in the list");
        }
        options.push(option);
    }
    problems.into_result(options)
}

/// The first thing that differs although ballots froze it.
fn first_frozen_field(old: &Poll, new: &Poll) -> Option<&'static str> {
    let same_options = old
        .options
        .iter()
        .map(|o| o.id)
        .eq(new.options.iter().map(|o| o.id));
    [
        ("options", same_options),
        ("ballot", old.rules.ballot == new.rules.ballot),
        ("voters", old.rules.voters == new.rules.voters),
        ("results", old.rules.results == new.rules.results),
        ("revote", old.rules.revote == new.rules.revote),
        (
            "address_quota",
            old.rules.address_quota == new.rules.address_quota,
        ),
        ("opens_at", old.opens_at == new.opens_at),
        ("category", old.category == new.category),
    ]
    .into_iter()
    .find_map(|(field, same)| (!same).then_some(field))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::id::PollId;
    use crate::poll::PollDraft;
    use crate::secret::Keyring;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn lunch() -> Poll {
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        draft
            .into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
            .unwrap()
    }

    fn options(poll: &Poll, texts: [&str; 2]) -> PollChange {
        let keep = |(option, text): (&PollOption, &str)| OptionChange::Keep {
            id: option.id,
            text: Some(text.into()),
        };
        PollChange {
            options: Some(poll.options.iter().zip(texts).map(keep).collect()),
            ..Default::default()
        }
    }

    #[test]
    fn everything_can_change_before_the_first_ballot() {
        let poll = lunch();
        let change = PollChange {
            options: Some(vec![
                OptionChange::Add {
                    id: OptionId::generate(NOW),
                    text: "Soup".into(),
                },
                OptionChange::Keep {
                    id: poll.options[1].id,
                    text: None,
                },
            ]),
            voters: Some(VoterPolicy::Ip),
            ..Default::default()
        };
        let changed = change.apply(&poll, false, NOW).unwrap().unwrap();
        assert_eq!(changed.options[0].text, "Soup");
        assert_eq!(changed.options[1], poll.options[1]);
        assert_eq!((changed.version, changed.edited_at), (1, None));
    }

    #[test]
    fn after_the_first_ballot_only_texts_and_the_end_can() {
        let poll = lunch();
        let texts = options(&poll, ["Pizza!", "Sushi"])
            .apply(&poll, true, NOW)
            .unwrap()
            .unwrap();
        assert_eq!(texts.edited_at, Some(NOW));
        let end = NOW.saturating_add(Duration::from_secs(9));
        let sooner = PollChange {
            closes_at: Some(Some(end)),
            ..Default::default()
        };
        assert_eq!(
            sooner.apply(&poll, true, NOW).unwrap().unwrap().edited_at,
            None
        );
        let rules = PollChange {
            revote: Some(true),
            ..Default::default()
        };
        assert_eq!(
            rules.apply(&poll, true, NOW),
            Err(ChangeRefusal::HasVotes { field: "revote" })
        );
    }

    #[test]
    fn nothing_changes_past_the_end_and_the_end_not_into_the_past() {
        let mut poll = lunch();
        let later = NOW.saturating_add(Duration::from_secs(9));
        let change = PollChange {
            closes_at: Some(Some(NOW)),
            ..Default::default()
        };
        assert!(matches!(
            change.apply(&poll, false, later),
            Err(ChangeRefusal::Invalid(_))
        ));
        poll.closes_at = Some(later);
        let change = PollChange {
            closes_at: Some(None),
            ..Default::default()
        };
        assert_eq!(
            change.apply(&poll, false, later),
            Err(ChangeRefusal::Closed)
        );
    }

    #[test]
    fn a_change_that_changes_nothing_is_none() {
        let poll = lunch();
        assert_eq!(
            options(&poll, [" Pizza", "Sushi"]).apply(&poll, true, NOW),
            Ok(None)
        );
    }
}
