//! Checks of single texts.

use crate::poll::InvalidPoll;
use crate::text::{looks_empty, shown_form};

/// Normalizes a category. A blank category is none.
pub(in crate::poll) fn normalize_category(category: Option<String>) -> Option<String> {
    category
        .map(|text| shown_form(&text))
        .filter(|text| !text.is_empty())
}

/// Returns the external reference as the host wrote it. An empty one is none.
pub(in crate::poll) fn normalize_external_ref(external_ref: Option<String>) -> Option<String> {
    external_ref.filter(|text| !text.is_empty())
}

/// Adds the errors of a text of one line.
pub(super) fn check_line(errors: &mut InvalidPoll, field: &str, text: &str, max: usize) {
    if text.is_empty() {
        errors.add(field, "must not be empty");
    }
    check_shown(errors, field, text, max, is_control_or_break);
}

/// Adds the errors of a description. An empty one has none.
pub(super) fn check_description(errors: &mut InvalidPoll, text: &str, max: usize) {
    let is_invalid = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    check_shown(errors, "description", text, max, is_invalid);
}

/// Adds the errors of an external reference.
pub(super) fn check_external_ref(errors: &mut InvalidPoll, text: &str, max: usize) {
    check_length(errors, "external_ref", text, max);
    check_characters(errors, "external_ref", text, char::is_control);
}

fn check_shown(
    errors: &mut InvalidPoll,
    field: &str,
    text: &str,
    max: usize,
    is_invalid: impl Fn(char) -> bool,
) {
    if !text.is_empty() && looks_empty(text) {
        errors.add(field, "must contain a visible character");
    }
    check_length(errors, field, text, max);
    check_characters(errors, field, text, is_invalid);
    if let Some(c) = text.chars().find(|c| is_override(*c)) {
        let c = u32::from(c);
        errors.add(
            field,
            format!("must not contain U+{c:04X}, which reorders the characters after it"),
        );
    }
}

fn check_length(errors: &mut InvalidPoll, field: &str, text: &str, max: usize) {
    let length = text.chars().count();
    if length > max {
        errors.add(
            field,
            format!("must be at most {max} characters, not {length}"),
        );
    }
}

fn check_characters(
    errors: &mut InvalidPoll,
    field: &str,
    text: &str,
    is_invalid: impl Fn(char) -> bool,
) {
    if let Some(c) = text.chars().find(|c| is_invalid(*c)) {
        let kind = if is_break(c) {
            "line breaks"
        } else {
            "control characters"
        };
        let c = u32::from(c);
        errors.add(field, format!("must not contain {kind}, here U+{c:04X}"));
    }
}

fn is_control_or_break(c: char) -> bool {
    c.is_control() || is_break(c)
}

/// Returns true for the characters that end a line or a paragraph.
const fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Returns true for the characters that force the direction of all others. Marks,
/// embeddings and isolates change the order of neutral characters only, and occur in many
/// copied texts.
const fn is_override(c: char) -> bool {
    matches!(c, '\u{202D}' | '\u{202E}')
}
