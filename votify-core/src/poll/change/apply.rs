use super::{ChangeRefusal, OptionChange, PollChange};
use crate::poll::validation::{
    check_closing_time, check_definition, normalize_category, normalize_external_ref,
};
use crate::poll::{InvalidPoll, Poll, PollOption, PollStatus};
use crate::text::shown_form;
use crate::time::Timestamp;

impl PollChange {
    /// Returns `poll` with this change applied at `now` and its version increased by one,
    /// or `None` if nothing would differ.
    ///
    /// `ever_had_ballots` is true if a ballot was ever counted.
    ///
    /// # Errors
    /// - [`ChangeRefusal::Closed`]: the poll is closed at `now`.
    /// - [`ChangeRefusal::HasVotes`], [`ChangeRefusal::HasOpened`]: a frozen field would
    ///   change.
    /// - [`ChangeRefusal::Invalid`]: the changed poll would be invalid.
    pub(crate) fn apply(
        &self,
        poll: &Poll,
        ever_had_ballots: bool,
        now: Timestamp,
    ) -> Result<Option<Poll>, ChangeRefusal> {
        if poll.status(now, ever_had_ballots) == PollStatus::Closed {
            return Err(ChangeRefusal::Closed);
        }
        let mut changed = self.merged_with(poll)?;
        if let Some(field) = first_frozen_field(poll, &changed) {
            if ever_had_ballots {
                return Err(ChangeRefusal::HasVotes { field });
            }
            if self.is_frozen_by_opening(poll, now) {
                return Err(ChangeRefusal::HasOpened { field });
            }
        }
        let mut errors = check_definition(&changed);
        if changed.closes_at != poll.closes_at || changed.opens_at != poll.opens_at {
            check_closing_time(&changed, now, &mut errors);
        }
        errors.into_result(())?;
        if changed == *poll {
            return Ok(None);
        }
        if ever_had_ballots && !has_same_texts(poll, &changed) {
            changed.edited_at = Some(now);
        }
        changed.version += 1;
        Ok(Some(changed))
    }

    fn is_frozen_by_opening(&self, poll: &Poll, now: Timestamp) -> bool {
        self.frozen_before_opening
            .is_some_and(|before| poll.opening_time() <= now.saturating_add(before))
    }

    fn merged_with(&self, poll: &Poll) -> Result<Poll, InvalidPoll> {
        let mut changed = poll.clone();
        if let Some(title) = &self.title {
            changed.title = shown_form(title);
        }
        if let Some(description) = &self.description {
            changed.description = shown_form(description);
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
        changed.visibility = self.visibility.unwrap_or(poll.visibility);
        if let Some(external_ref) = &self.external_ref {
            changed.external_ref = normalize_external_ref(external_ref.clone());
        }
        if let Some(metadata) = &self.metadata {
            changed.metadata.clone_from(metadata);
        }
        Ok(changed)
    }
}

fn apply_option_changes(
    poll: &Poll,
    changes: &[OptionChange],
) -> Result<Vec<PollOption>, InvalidPoll> {
    let mut errors = InvalidPoll::default();
    let mut options: Vec<PollOption> = Vec::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate() {
        let option = match change {
            OptionChange::Add { id, text } => PollOption {
                id: *id,
                text: shown_form(text),
            },
            OptionChange::Keep { id, text } => {
                let Some(old) = poll.option(*id) else {
                    errors.add(
                        format!("options[{index}].id"),
                        "is not an option of this poll",
                    );
                    continue;
                };
                let text = text.as_deref().map_or_else(|| old.text.clone(), shown_form);
                PollOption { id: *id, text }
            }
        };
        if options.iter().any(|other| other.id == option.id) {
            errors.add(format!("options[{index}].id"), "is listed twice");
        }
        options.push(option);
    }
    errors.into_result(options)
}

fn has_same_texts(old: &Poll, new: &Poll) -> bool {
    old.title == new.title && old.description == new.description && old.options == new.options
}

/// Returns the first changed field that the first ballot froze.
fn first_frozen_field(old: &Poll, new: &Poll) -> Option<&'static str> {
    let same_options = old
        .options
        .iter()
        .map(|option| option.id)
        .eq(new.options.iter().map(|option| option.id));
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
    use crate::id::{OptionId, PollId};
    use crate::poll::PollDraft;
    use crate::secret::Keyring;
    use crate::voter::VoterPolicy;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn lunch() -> Poll {
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        draft
            .into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
            .unwrap()
    }

    fn with_texts(poll: &Poll, texts: [&str; 2]) -> PollChange {
        let keep = |(option, text): (&PollOption, &str)| OptionChange::Keep {
            id: option.id,
            text: Some(text.into()),
        };
        PollChange::default().options(poll.options.iter().zip(texts).map(keep))
    }

    #[test]
    fn every_field_can_change_before_the_first_ballot() {
        let poll = lunch();
        let change = PollChange::default()
            .options([
                OptionChange::Add {
                    id: OptionId::generate(NOW),
                    text: "Soup".into(),
                },
                OptionChange::Keep {
                    id: poll.options[1].id,
                    text: None,
                },
            ])
            .voters(VoterPolicy::Ip);
        let changed = change.apply(&poll, false, NOW).unwrap().unwrap();
        assert_eq!(changed.options[0].text, "Soup");
        assert_eq!(changed.options[1], poll.options[1]);
        assert_eq!((changed.version, changed.edited_at), (1, None));
    }

    #[test]
    fn only_texts_and_closing_time_can_change_after_the_first_ballot() {
        let poll = lunch();
        let texts = with_texts(&poll, ["Pizza!", "Sushi"])
            .apply(&poll, true, NOW)
            .unwrap()
            .unwrap();
        assert_eq!(texts.edited_at, Some(NOW));
        let end = NOW.saturating_add(Duration::from_secs(9));
        let close = PollChange::default().closes_at(Some(end));
        assert_eq!(
            close.apply(&poll, true, NOW).unwrap().unwrap().edited_at,
            None
        );
        let rules = PollChange::default().revote(true);
        assert_eq!(
            rules.apply(&poll, true, NOW),
            Err(ChangeRefusal::HasVotes { field: "revote" })
        );
    }

    #[test]
    fn rules_are_frozen_before_the_opening_with_a_queue() {
        let minute = Duration::from_secs(60);
        let mut poll = lunch();
        poll.opens_at = Some(NOW.saturating_add(minute));
        let rules = PollChange {
            frozen_before_opening: Some(Duration::from_secs(5)),
            ..PollChange::default().revote(true)
        };
        let frozen = Err(ChangeRefusal::HasOpened { field: "revote" });
        let seconds = |seconds| NOW.saturating_add(Duration::from_secs(seconds));
        assert!(rules.apply(&poll, false, seconds(54)).unwrap().is_some());
        assert_eq!(rules.apply(&poll, false, seconds(55)), frozen);
        assert_eq!(rules.apply(&poll, false, seconds(90)), frozen);
        let texts = PollChange {
            frozen_before_opening: Some(Duration::from_secs(5)),
            ..PollChange::default().title("Dinner?")
        };
        assert!(texts.apply(&poll, false, seconds(90)).unwrap().is_some());
        poll.opens_at = None;
        assert_eq!(rules.apply(&poll, false, NOW), frozen);
    }

    #[test]
    fn closed_polls_and_past_closing_times_are_refused() {
        let mut poll = lunch();
        let later = NOW.saturating_add(Duration::from_secs(9));
        let change = PollChange::default().closes_at(Some(NOW));
        assert!(matches!(
            change.apply(&poll, false, later),
            Err(ChangeRefusal::Invalid(_))
        ));
        poll.closes_at = Some(later);
        let change = PollChange::default().closes_at(None);
        assert_eq!(
            change.apply(&poll, false, later),
            Err(ChangeRefusal::Closed)
        );
    }

    #[test]
    fn a_change_without_effect_is_none() {
        let poll = lunch();
        assert_eq!(
            with_texts(&poll, [" Pizza", "Sushi"]).apply(&poll, true, NOW),
            Ok(None)
        );
    }
}
