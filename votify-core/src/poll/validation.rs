mod text;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use self::text::{check_description, check_external_ref, check_line};
pub(super) use self::text::{normalize_category, normalize_external_ref};
use crate::poll::{BallotKind, InvalidPoll, Poll, PollOption};
use crate::text::{comparison_key, looks_empty};
use crate::time::Timestamp;

/// The maximum number of characters in a title.
pub const TITLE_MAX: usize = 255;
/// The maximum number of characters in a description.
pub const DESCRIPTION_MAX: usize = 10_000;
/// The maximum number of characters in a category.
pub const CATEGORY_MAX: usize = 100;
/// The maximum number of characters in an external reference.
pub const EXTERNAL_REF_MAX: usize = 255;
/// The maximum number of characters in an option's text.
pub const OPTION_TEXT_MAX: usize = 255;
/// The minimum number of options.
pub const OPTIONS_MIN: usize = 2;
/// The maximum number of options.
pub const OPTIONS_MAX: usize = 100;

/// Returns every error in a poll's texts, options and rules.
pub(super) fn check_definition(poll: &Poll) -> InvalidPoll {
    let mut errors = InvalidPoll::default();
    check_line(&mut errors, "title", &poll.title, TITLE_MAX);
    check_description(&mut errors, &poll.description, DESCRIPTION_MAX);
    if let Some(category) = &poll.category {
        check_line(&mut errors, "category", category, CATEGORY_MAX);
    }
    if let Some(text) = &poll.external_ref {
        check_external_ref(&mut errors, text, EXTERNAL_REF_MAX);
    }
    check_options(&mut errors, &poll.options);
    if let BallotKind::Multiple { min, max } = poll.rules.ballot {
        let options = u32::try_from(poll.options.len()).unwrap_or(u32::MAX);
        if min == 0 {
            errors.add("ballot.min", "must be at least 1");
        }
        if max < min {
            errors.add("ballot.max", "must not be less than ballot.min");
        }
        if max > options {
            errors.add(
                "ballot.max",
                format!("must be at most the number of options, {options}"),
            );
        }
    }
    if let Some(quota) = poll.rules.address_quota {
        quota.check(&mut errors);
    }
    errors
}

/// Adds the errors of a closing time that is set at `now`.
pub(super) fn check_closing_time(poll: &Poll, now: Timestamp, errors: &mut InvalidPoll) {
    let Some(end) = poll.closes_at else { return };
    if end <= now {
        errors.add("closes_at", "must be in the future");
    } else if poll.opens_at.is_some_and(|start| end <= start) {
        errors.add("closes_at", "must be later than opens_at");
    }
}

fn check_options(errors: &mut InvalidPoll, options: &[PollOption]) {
    if !(OPTIONS_MIN..=OPTIONS_MAX).contains(&options.len()) {
        errors.add(
            "options",
            format!(
                "must be {OPTIONS_MIN} to {OPTIONS_MAX}, not {}",
                options.len()
            ),
        );
        return;
    }
    let mut earlier = HashMap::with_capacity(options.len());
    for (index, option) in options.iter().enumerate() {
        let field = format!("options[{index}]");
        check_line(errors, &field, &option.text, OPTION_TEXT_MAX);
        if option.text.chars().nth(OPTION_TEXT_MAX).is_some() || looks_empty(&option.text) {
            continue;
        }
        let key = comparison_key(&option.text);
        match earlier.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(index);
            }
            Entry::Occupied(entry) => {
                let original = *entry.get();
                errors.add(field, alike(option, &options[original], original));
            }
        }
    }
}

/// Returns the error of an option that looks like `options[index]`.
fn alike(option: &PollOption, original: &PollOption, index: usize) -> String {
    if option.text == original.text {
        format!("has the same text as options[{index}]")
    } else {
        format!(
            "looks the same as options[{index}], \
             apart from spaces, width, composition or invisible characters"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PollId;
    use crate::poll::{ChangeRefusal, PollChange, PollDraft};
    use crate::secret::Keyring;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn poll(external_ref: &str) -> Result<Poll, InvalidPoll> {
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        let draft = draft.external_ref(external_ref);
        draft.into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
    }

    fn fields(errors: InvalidPoll) -> Vec<String> {
        errors.0.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn invalid_external_references_are_errors_of_their_field() {
        let longest = "𝕍".repeat(EXTERNAL_REF_MAX);
        let valid = poll(&longest).unwrap();
        assert_eq!(valid.external_ref.as_ref(), Some(&longest));
        assert_eq!(poll("").unwrap().external_ref, None);
        assert_eq!(poll(" ").unwrap().external_ref.as_deref(), Some(" "));
        for invalid in [format!("{longest}a"), "a\nb".into(), "\0".into()] {
            assert_eq!(fields(poll(&invalid).unwrap_err()), ["external_ref"]);
            for ever_had_ballots in [false, true] {
                let change = PollChange::default().external_ref(Some(invalid.clone()));
                let Err(ChangeRefusal::Invalid(errors)) =
                    change.apply(&valid, ever_had_ballots, NOW)
                else {
                    panic!("{invalid:?} is accepted");
                };
                assert_eq!(fields(errors), ["external_ref"]);
            }
        }
    }
}
