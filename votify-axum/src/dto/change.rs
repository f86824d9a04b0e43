use serde_json::Value;
use votify_core::poll::{ChangeRefusal, FieldError, OptionChange, PollState};
use votify_core::{OptionId, Poll, PollChange, Timestamp};

use crate::dto::options::{self, GivenOption};
use crate::dto::rules::{Abilities, GivenRules, nullable_time};
use crate::fields::{Fields, Problems};

/// Reads the body of a change to `poll`.
///
/// # Errors
/// Everything that is wrong with it, in shape and in content.
pub(crate) fn read(
    body: Value,
    poll: &Poll,
    able: Abilities,
    now: Timestamp,
) -> Result<PollChange, Vec<FieldError>> {
    let mut problems = Problems::default();
    let Some(mut fields) = Fields::of(body, "", &mut problems) else {
        return Err(problems.into_vec());
    };
    let change = change(&mut fields, poll, able, now, &mut problems);
    fields.finish(&mut problems);
    if problems.is_empty() {
        return Ok(change);
    }
    // The shape is wrong already; what is wrong with the content besides shall be told in the same answer.
    if let Err(ChangeRefusal::Invalid(invalid)) =
        PollState::new(poll.clone()).apply_change(&change, now)
    {
        problems.add_further(invalid.0);
    }
    Err(problems.into_vec())
}

fn change(
    fields: &mut Fields,
    poll: &Poll,
    able: Abilities,
    now: Timestamp,
    problems: &mut Problems,
) -> PollChange {
    let title = fields.text("title", problems);
    let description = fields
        .nullable_text("description", problems)
        .map(Option::unwrap_or_default);
    let category = fields.nullable_text("category", problems);
    let entries = fields
        .take("options")
        .map(|value| options::read(value, true, problems));
    let count = entries.as_ref().map_or(poll.options.len(), Vec::len);
    let rules = GivenRules::read(fields, count, able, problems);
    if fields.take_set("image_id").is_some() {
        problems.add("image_id", "pictures are not built yet");
    }
    let opens_at = match nullable_time(fields, "opens_at", problems) {
        Some(None) => {
            problems.add("opens_at", "must be a time");
            None
        }
        given => given.flatten(),
    };
    PollChange {
        title,
        description,
        category,
        options: entries.map(|entries| option_changes(entries, now)),
        ballot: rules.ballot,
        voters: rules.voters,
        results: rules.results,
        revote: rules.revote,
        address_quota: rules.address_quota,
        opens_at,
        closes_at: nullable_time(fields, "closes_at", problems),
    }
}

fn option_changes(entries: Vec<GivenOption>, now: Timestamp) -> Vec<OptionChange> {
    let changed = |(index, entry): (usize, GivenOption)| match entry {
        GivenOption { id: Some(id), text } => OptionChange::Keep { id, text },
        GivenOption { id: None, text } => OptionChange::Add {
            id: OptionId::generate(now),
            // Unlike all others, so that what could not be read raises no second problem.
            text: text.unwrap_or_else(|| format!("\u{fffd} {index}")),
        },
    };
    entries.into_iter().enumerate().map(changed).collect()
}
