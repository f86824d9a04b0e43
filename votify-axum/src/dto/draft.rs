use serde_json::Value;
use votify_core::poll::FieldError;
use votify_core::{Keyring, PollDraft, PollId, PollRules, Timestamp};

use crate::dto::options::{self, GivenOption};
use crate::dto::rules::{Abilities, GivenRules, nullable_time};
use crate::fields::{Fields, Problems};

/// Reads the body of a poll to be made.
///
/// # Errors
/// Everything that is wrong with it, in shape and in content.
pub(crate) fn read(
    body: Value,
    able: Abilities,
    now: Timestamp,
    keyring: &Keyring,
) -> Result<PollDraft, Vec<FieldError>> {
    let mut problems = Problems::default();
    let Some(mut fields) = Fields::of(body, "", &mut problems) else {
        return Err(problems.into_vec());
    };
    let draft = draft(&mut fields, able, &mut problems);
    fields.finish(&mut problems);
    if problems.is_empty() {
        return Ok(draft);
    }
    // The shape is wrong already; what is wrong with the content besides shall be told in the same answer.
    if let Err(invalid) = draft.into_poll(PollId::generate(now), now, keyring) {
        problems.add_further(invalid.0);
    }
    Err(problems.into_vec())
}

fn draft(fields: &mut Fields, able: Abilities, problems: &mut Problems) -> PollDraft {
    for needed in ["title", "options"] {
        if !fields.has(needed) {
            problems.add(needed, "is missing");
        }
    }
    let title = fields.text("title", problems).unwrap_or_default();
    let description = fields.nullable_text("description", problems).flatten();
    let category = fields.nullable_text("category", problems).flatten();
    let entries = fields
        .take("options")
        .map(|value| options::read(value, false, problems))
        .unwrap_or_default();
    let GivenRules {
        ballot,
        voters,
        results,
        revote,
        address_quota,
    } = GivenRules::read(fields, entries.len(), able, problems);
    if fields.take_set("image_id").is_some() {
        problems.add("image_id", "pictures are not built yet");
    }
    PollDraft {
        title,
        description: description.unwrap_or_default(),
        category,
        options: texts(entries),
        rules: PollRules {
            ballot: ballot.unwrap_or_default(),
            voters: voters.unwrap_or_default(),
            results: results.unwrap_or_default(),
            revote: revote.unwrap_or_default(),
            address_quota: address_quota.flatten(),
        },
        opens_at: nullable_time(fields, "opens_at", problems).flatten(),
        closes_at: nullable_time(fields, "closes_at", problems).flatten(),
        owner: None,
    }
}

/// The options' texts; for one that could not be read some text unlike all others, so that it raises no second problem.
fn texts(entries: Vec<GivenOption>) -> Vec<String> {
    let stand_in = |index| format!("\u{fffd} {index}");
    entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| entry.text.unwrap_or_else(|| stand_in(index)))
        .collect()
}
