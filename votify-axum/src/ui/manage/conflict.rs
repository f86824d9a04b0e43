//! A form that was opened before somebody else changed the poll.

use serde_json::Value;
use votify_core::Poll;
use votify_core::poll::FieldError;

use crate::error::{ErrorCode, Problem};
use crate::ui::moment::Moment;

/// Maximum characters of a text of the poll in an error.
const MAX_SHOWN: usize = 200;

/// Returns the error of an outdated form: what the poll has now in each field that differs.
/// `None` if there is no such field, so that saving the form changes nothing.
///
/// `typed` and `current` are the bodies of the API for the form and for the poll as it is.
pub(super) fn problem(typed: &Value, current: &Value, poll: &Poll) -> Option<Problem> {
    let errors = differences(typed, current, poll);
    if errors.is_empty() {
        return None;
    }
    let detail = "each field that differs from the poll is marked; saving again replaces what \
                  the poll has there";
    Some(Problem::field_errors(ErrorCode::FormExpired, errors).with_detail(detail))
}

fn differences(typed: &Value, current: &Value, poll: &Poll) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (name, typed) in typed.as_object().into_iter().flatten() {
        let current = current.get(name).unwrap_or(&Value::Null);
        if typed == current {
            continue;
        }
        if let (Some(typed), Some(current)) = (typed.as_array(), current.as_array()) {
            errors.extend(option_differences(typed, current));
            continue;
        }
        let time = match name.as_str() {
            "opens_at" => poll.opens_at,
            "closes_at" => poll.closes_at,
            _ => None,
        };
        let is_text = ["title", "description", "category", "external_ref"].contains(&&**name);
        let text = match (time, current) {
            (Some(time), _) => has(&Moment::from(time).text),
            (None, Value::Null) => NOTHING.to_owned(),
            (None, Value::String(text)) if is_text && text.is_empty() => NOTHING.to_owned(),
            (None, Value::String(text)) if is_text => has(text),
            _ => "The poll now has another value here.".to_owned(),
        };
        errors.push(FieldError::new(name.as_str(), text));
    }
    errors
}

/// Compares the texts of options row by row.
fn option_differences(typed: &[Value], current: &[Value]) -> Vec<FieldError> {
    let text = |option: &Value| option["text"].as_str().map(str::to_owned);
    let mut errors = Vec::new();
    for (index, option) in typed.iter().enumerate() {
        let now = current.get(index).and_then(text);
        if now != text(option) {
            let error = now.map_or_else(|| NOTHING.to_owned(), |now| has(&now));
            errors.push(FieldError::new(format!("options[{index}]"), error));
        }
    }
    if current.len() > typed.len() {
        let error = format!("The poll now has {} options.", current.len());
        errors.push(FieldError::new("options", error));
    }
    errors
}

const NOTHING: &str = "The poll has nothing here.";

fn has(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    // Isolated, so that a text from right to left does not reorder the sentence.
    format!("The poll now has \u{2068}“{shown}”\u{2069} here.")
}
