use serde_json::Value;
use votify_core::OptionId;

use crate::fields::{Fields, Problems};

/// More options than this are counted, but not looked at.
const LOOKED_AT: usize = 101;

/// One entry of a list of options, as given.
#[derive(Debug)]
pub(crate) struct GivenOption {
    pub(crate) id: Option<OptionId>,
    pub(crate) text: Option<String>,
}

/// Reads a list of strings and objects. Entries that cannot be read are told, and keep their place.
pub(crate) fn read(value: Value, with_ids: bool, problems: &mut Problems) -> Vec<GivenOption> {
    let Value::Array(entries) = value else {
        problems.add("options", "must be a list");
        return Vec::new();
    };
    entries
        .into_iter()
        .take(LOOKED_AT)
        .enumerate()
        .map(|(index, entry)| read_one(index, entry, with_ids, problems))
        .collect()
}

fn read_one(index: usize, entry: Value, with_ids: bool, problems: &mut Problems) -> GivenOption {
    let path = format!("options[{index}]");
    let mut fields = match entry {
        Value::String(text) => {
            return GivenOption {
                id: None,
                text: Some(text),
            };
        }
        Value::Object(_) => match Fields::of(entry, &path, problems) {
            Some(fields) => fields,
            None => return nothing(),
        },
        _ => {
            problems.add(path, "must be a string or an object with text");
            return nothing();
        }
    };
    let id = if with_ids {
        let expected = "must be the id of an option, a UUID";
        fields.parsed("id", expected, problems)
    } else {
        None
    };
    let given_id = id.is_some();
    let missing = !fields.has("text");
    let text = fields.text("text", problems);
    if missing && !given_id {
        problems.add(fields.at("text"), "is missing");
    }
    if fields.take_set("image_id").is_some() {
        problems.add(fields.at("image_id"), "pictures are not built yet");
    }
    fields.finish(problems);
    GivenOption { id, text }
}

const fn nothing() -> GivenOption {
    GivenOption {
        id: None,
        text: None,
    }
}
