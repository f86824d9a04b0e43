use serde_json::Value;
use votify_core::poll::FieldError;
use votify_core::{Keyring, PollDraft, PollId, PollRules, Timestamp, Visibility};

use crate::dto::fields::{FieldErrors, FieldReader};
use crate::dto::host_fields::HostFieldsInput;
use crate::dto::options::{self, OptionInput};
use crate::dto::rules::{Capabilities, RulesInput, nullable_time};
use crate::dto::visibility::{VISIBILITIES, default_visibility};

/// Reads the body of a new poll. `visibility` is the default of the router.
///
/// # Errors
/// Returns one error per invalid field; the handler answers 422 `invalid_poll`.
pub(crate) fn read(
    body: Value,
    capabilities: Capabilities,
    visibility: Visibility,
    now: Timestamp,
    keyring: &Keyring,
) -> Result<PollDraft, Vec<FieldError>> {
    let mut errors = FieldErrors::default();
    let Some(mut fields) = FieldReader::new(body, "", &mut errors) else {
        return Err(errors.into_vec());
    };
    let draft = draft(&mut fields, capabilities, visibility, &mut errors);
    fields.finish(&mut errors);
    if errors.is_empty() {
        return Ok(draft);
    }
    // Types are invalid. The response also lists fields with invalid content.
    if let Err(invalid) = draft.into_poll(PollId::generate(now), now, keyring) {
        errors.extend(invalid.0);
    }
    Err(errors.into_vec())
}

fn draft(
    fields: &mut FieldReader,
    capabilities: Capabilities,
    visibility: Visibility,
    errors: &mut FieldErrors,
) -> PollDraft {
    for required in ["title", "options"] {
        if !fields.contains(required) {
            errors.add(required, "required");
        }
    }
    let title = fields.string("title", errors).unwrap_or_default();
    let description = fields.nullable_string("description", errors).flatten();
    let category = fields.nullable_string("category", errors).flatten();
    let entries = fields
        .take("options")
        .map(|value| options::read(value, false, errors))
        .unwrap_or_default();
    let RulesInput {
        ballot,
        voters,
        results,
        revote,
        address_quota,
    } = RulesInput::read(fields, entries.len(), capabilities, errors);
    if fields.take_non_null("image_id").is_some() {
        errors.add("image_id", "images are not supported yet");
    }
    let voters = voters.unwrap_or_default();
    let given = fields.keyword("visibility", &VISIBILITIES, errors);
    let HostFieldsInput {
        external_ref,
        metadata,
    } = HostFieldsInput::read(fields, errors);
    PollDraft {
        title,
        description: description.unwrap_or_default(),
        category,
        options: texts(entries),
        rules: PollRules {
            ballot: ballot.unwrap_or_default(),
            voters,
            results: results.unwrap_or_default(),
            revote: revote.unwrap_or_default(),
            address_quota: address_quota.flatten(),
        },
        opens_at: nullable_time(fields, "opens_at", errors).flatten(),
        closes_at: nullable_time(fields, "closes_at", errors).flatten(),
        owner: None,
        visibility: given.unwrap_or_else(|| default_visibility(voters, visibility)),
        external_ref: external_ref.flatten(),
        metadata: metadata.flatten(),
        join_code: true,
    }
}

/// Returns the texts of the options. An unreadable text gets a unique stand-in, so that
/// it is not also a duplicate.
fn texts(entries: Vec<OptionInput>) -> Vec<String> {
    let stand_in = |index| format!("\u{fffd} {index}");
    entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| entry.text.unwrap_or_else(|| stand_in(index)))
        .collect()
}
