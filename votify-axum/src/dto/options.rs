use serde_json::Value;
use votify_core::OptionId;

use crate::dto::fields::{FieldErrors, FieldReader};

/// One more than a poll may have. Further options are an error anyway, so they are not
/// parsed.
const MAX_PARSED_OPTIONS: usize = 101;

/// An entry of a list of options.
#[derive(Debug)]
pub(crate) struct OptionInput {
    pub(crate) id: Option<OptionId>,
    /// `None` if the text is absent or not a string.
    pub(crate) text: Option<String>,
}

/// Reads a list of strings and objects. The result also contains invalid entries, so that
/// indices match the request.
pub(crate) fn read(value: Value, with_ids: bool, errors: &mut FieldErrors) -> Vec<OptionInput> {
    let Value::Array(entries) = value else {
        errors.add("options", "must be a list");
        return Vec::new();
    };
    entries
        .into_iter()
        .take(MAX_PARSED_OPTIONS)
        .enumerate()
        .map(|(index, entry)| read_option(index, entry, with_ids, errors))
        .collect()
}

fn read_option(
    index: usize,
    entry: Value,
    with_ids: bool,
    errors: &mut FieldErrors,
) -> OptionInput {
    let path = format!("options[{index}]");
    let mut fields = match entry {
        Value::String(text) => {
            return OptionInput {
                id: None,
                text: Some(text),
            };
        }
        Value::Object(_) => match FieldReader::new(entry, &path, errors) {
            Some(fields) => fields,
            None => return invalid(),
        },
        _ => {
            errors.add(path, "must be a string or an object with text");
            return invalid();
        }
    };
    let id = if with_ids {
        let expected = "must be the id of an option, a UUID";
        fields.parse("id", expected, errors)
    } else {
        None
    };
    let is_missing = !fields.contains("text");
    let text = fields.string("text", errors);
    if is_missing && id.is_none() {
        errors.add(fields.path_of("text"), "required");
    }
    if fields.take_non_null("image_id").is_some() {
        errors.add(fields.path_of("image_id"), "images are not supported yet");
    }
    fields.finish(errors);
    OptionInput { id, text }
}

const fn invalid() -> OptionInput {
    OptionInput {
        id: None,
        text: None,
    }
}
