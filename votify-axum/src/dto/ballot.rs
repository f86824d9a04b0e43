use serde::{Deserialize, Deserializer};
use serde_json::Value;
use votify_core::poll::FieldError;
use votify_core::{BallotId, Choice, OptionId};

use crate::dto::fields::{FieldErrors, FieldReader};

const EXPECTED_OPTION_ID: &str = "must be the id of an option, a UUID";

/// The body of a vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BallotInput {
    pub(crate) choice: Choice,
    /// The field that contained the choice.
    pub(crate) field: &'static str,
    pub(crate) id: Option<BallotId>,
}

/// A vote in the form that nearly all clients send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FastBallot {
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

/// Parses a valid vote in the usual form, without the cost of a [`Value`].
///
/// Returns `None` for all other bodies. [`read`] accepts some of them, and reports the
/// errors of the others.
pub(crate) fn parse_fast(body: &[u8]) -> Option<BallotInput> {
    // serde also accepts a struct as an array of its fields.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let ballot: FastBallot = serde_json::from_slice(body).ok()?;
    let (field, choice) = match (ballot.option_id, ballot.option_ids) {
        (Some(option), None) => ("option_id", Choice::one(option)),
        (None, Some(options)) => ("option_ids", Choice::several(options)),
        _ => return None,
    };
    Some(BallotInput {
        choice,
        field,
        id: ballot.ballot_id,
    })
}

/// Reads the body of a vote.
///
/// # Errors
/// Returns one error per invalid field; the handler answers 422 `invalid_ballot`.
pub(crate) fn read(body: Value) -> Result<BallotInput, Vec<FieldError>> {
    let mut errors = FieldErrors::default();
    let Some(mut fields) = FieldReader::new(body, "", &mut errors) else {
        return Err(errors.into_vec());
    };
    let id = fields.parse("ballot_id", "must be a UUID", &mut errors);
    let choice = choice(&mut fields, &mut errors);
    for reserved in ["ranking", "scores"] {
        if fields.take_non_null(reserved).is_some() {
            errors.add(reserved, "not supported yet");
        }
    }
    fields.finish(&mut errors);
    match choice {
        Some((field, choice)) if errors.is_empty() => Ok(BallotInput { choice, field, id }),
        _ => Err(errors.into_vec()),
    }
}

fn choice(fields: &mut FieldReader, errors: &mut FieldErrors) -> Option<(&'static str, Choice)> {
    let has_reserved = fields.contains("ranking") || fields.contains("scores");
    match (fields.contains("option_id"), fields.contains("option_ids")) {
        (true, false) => {
            let option = fields.parse("option_id", EXPECTED_OPTION_ID, errors)?;
            Some(("option_id", Choice::one(option)))
        }
        (false, true) => option_ids(fields.take("option_ids")?, errors)
            .map(|options| ("option_ids", Choice::several(options))),
        (true, true) => {
            fields.take("option_id");
            fields.take("option_ids");
            errors.add("option_ids", "must not be combined with option_id");
            None
        }
        (false, false) => {
            if !has_reserved {
                errors.add("option_id", "required (or option_ids, for several options)");
            }
            None
        }
    }
}

fn option_ids(value: Value, errors: &mut FieldErrors) -> Option<Vec<OptionId>> {
    let Value::Array(entries) = value else {
        errors.add("option_ids", "must be a list of option ids");
        return None;
    };
    let mut options = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        match entry.as_str().and_then(|text| text.parse().ok()) {
            Some(option) => options.push(option),
            None => errors.add(format!("option_ids[{index}]"), EXPECTED_OPTION_ID),
        }
    }
    (options.len() == entries.len()).then_some(options)
}

#[cfg(test)]
mod tests;
