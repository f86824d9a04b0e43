use serde_json::Value;
use votify_core::poll::{ChangeRefusal, FieldError, OptionChange, PollState};
use votify_core::{OptionId, Poll, PollChange, Timestamp};

use crate::dto::fields::{FieldErrors, FieldReader};
use crate::dto::host_fields::HostFieldsInput;
use crate::dto::options::{self, OptionInput};
use crate::dto::rules::{Capabilities, RulesInput, nullable_time};
use crate::dto::visibility::{VISIBILITIES, changed_visibility};

/// Reads the body of a change to `poll`.
///
/// # Errors
/// Returns one error per invalid field; the handler answers 422 `invalid_poll`.
pub(crate) fn read(
    body: Value,
    poll: &Poll,
    capabilities: Capabilities,
    now: Timestamp,
) -> Result<PollChange, Vec<FieldError>> {
    let mut errors = FieldErrors::default();
    let Some(mut fields) = FieldReader::new(body, "", &mut errors) else {
        return Err(errors.into_vec());
    };
    let change = change(&mut fields, poll, capabilities, now, &mut errors);
    fields.finish(&mut errors);
    if errors.is_empty() {
        return Ok(change);
    }
    // Types are invalid. The response also lists fields with invalid content.
    if let Err(ChangeRefusal::Invalid(invalid)) =
        PollState::new(poll.clone()).apply_change(&change, now)
    {
        errors.extend(invalid.0);
    }
    Err(errors.into_vec())
}

fn change(
    fields: &mut FieldReader,
    poll: &Poll,
    capabilities: Capabilities,
    now: Timestamp,
    errors: &mut FieldErrors,
) -> PollChange {
    let title = fields.string("title", errors);
    let description = fields
        .nullable_string("description", errors)
        .map(Option::unwrap_or_default);
    let category = fields.nullable_string("category", errors);
    let entries = fields
        .take("options")
        .map(|value| options::read(value, true, errors));
    let count = entries.as_ref().map_or(poll.options.len(), Vec::len);
    let rules = RulesInput::read(fields, count, capabilities, errors);
    if fields.take_non_null("image_id").is_some() {
        errors.add("image_id", "images are not supported yet");
    }
    let visibility = fields.keyword("visibility", &VISIBILITIES, errors);
    let HostFieldsInput {
        external_ref,
        metadata,
    } = HostFieldsInput::read(fields, errors);
    let changed = || changed_visibility(rules.voters?, poll);
    PollChange {
        title,
        description,
        category,
        options: entries.map(|entries| option_changes(entries, now)),
        ballot: rules.ballot,
        voters: rules.voters,
        visibility: visibility.or_else(changed),
        external_ref,
        metadata,
        results: rules.results,
        revote: rules.revote,
        address_quota: rules.address_quota,
        opens_at: nullable_time(fields, "opens_at", errors),
        closes_at: nullable_time(fields, "closes_at", errors),
        frozen_before_opening: None,
    }
}

fn option_changes(entries: Vec<OptionInput>, now: Timestamp) -> Vec<OptionChange> {
    let option_change = |(index, entry): (usize, OptionInput)| match entry {
        OptionInput { id: Some(id), text } => OptionChange::Keep { id, text },
        OptionInput { id: None, text } => OptionChange::Add {
            id: OptionId::generate(now),
            // A unique stand-in, so that an unreadable text is not also a duplicate.
            text: text.unwrap_or_else(|| format!("\u{fffd} {index}")),
        },
    };
    entries.into_iter().enumerate().map(option_change).collect()
}
