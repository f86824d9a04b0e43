use serde::{Deserialize, Deserializer};
use serde_json::Value;
use votify_core::poll::FieldError;
use votify_core::{BallotId, Choice, OptionId};

use crate::fields::{Fields, Problems};

const WANTS_OPTION: &str = "must be the id of an option, a UUID";

/// A vote as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenBallot {
    pub(crate) choice: Choice,
    /// The field that held the choice.
    pub(crate) field: &'static str,
    pub(crate) id: Option<BallotId>,
}

/// A vote as nearly all clients send it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    #[serde(default, deserialize_with = "not_null")]
    option_id: Option<OptionId>,
    #[serde(default, deserialize_with = "not_null")]
    option_ids: Option<Vec<OptionId>>,
    #[serde(default, deserialize_with = "not_null")]
    ballot_id: Option<BallotId>,
}

fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// Reads the body of a vote with nothing unusual about it, without making a [`Value`] of it first.
///
/// `None` says nothing about the body; [`read`] tells what is wrong with it, or reads it all the same.
pub(crate) fn read_plain(body: &[u8]) -> Option<GivenBallot> {
    // A list in the order of the fields would be read too.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let plain: Plain = serde_json::from_slice(body).ok()?;
    let (field, choice) = match (plain.option_id, plain.option_ids) {
        (Some(option), None) => ("option_id", Choice::one(option)),
        (None, Some(options)) => ("option_ids", Choice::several(options)),
        _ => return None,
    };
    Some(GivenBallot {
        choice,
        field,
        id: plain.ballot_id,
    })
}

/// Reads the body of a vote.
///
/// # Errors
/// Everything that is wrong with its shape.
pub(crate) fn read(body: Value) -> Result<GivenBallot, Vec<FieldError>> {
    let mut problems = Problems::default();
    let Some(mut fields) = Fields::of(body, "", &mut problems) else {
        return Err(problems.into_vec());
    };
    let id = fields.parsed("ballot_id", "must be a UUID", &mut problems);
    let choice = choice(&mut fields, &mut problems);
    for unbuilt in ["ranking", "scores"] {
        if fields.take_set(unbuilt).is_some() {
            problems.add(unbuilt, "is not built yet");
        }
    }
    fields.finish(&mut problems);
    match choice {
        Some((field, choice)) if problems.is_empty() => Ok(GivenBallot { choice, field, id }),
        _ => Err(problems.into_vec()),
    }
}

fn choice(fields: &mut Fields, problems: &mut Problems) -> Option<(&'static str, Choice)> {
    let unbuilt = fields.has("ranking") || fields.has("scores");
    match (fields.has("option_id"), fields.has("option_ids")) {
        (true, false) => {
            let option = fields.parsed("option_id", WANTS_OPTION, problems)?;
            Some(("option_id", Choice::one(option)))
        }
        (false, true) => several(fields.take("option_ids")?, problems)
            .map(|options| ("option_ids", Choice::several(options))),
        (true, true) => {
            fields.take("option_id");
            fields.take("option_ids");
            problems.add("option_ids", "cannot be given together with option_id");
            None
        }
        (false, false) => {
            if !unbuilt {
                problems.add(
                    "option_id",
                    "is missing (or option_ids, for several options)",
                );
            }
            None
        }
    }
}

fn several(value: Value, problems: &mut Problems) -> Option<Vec<OptionId>> {
    let Value::Array(entries) = value else {
        problems.add("option_ids", "must be a list of ids of options");
        return None;
    };
    let mut options = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        match entry.as_str().and_then(|text| text.parse().ok()) {
            Some(option) => options.push(option),
            None => problems.add(format!("option_ids[{index}]"), WANTS_OPTION),
        }
    }
    (options.len() == entries.len()).then_some(options)
}

#[cfg(test)]
mod tests;
