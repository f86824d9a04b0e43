//! The counts of a poll as a table.

use std::borrow::Cow;

use votify_core::{Poll, TallyView};

/// Renders the counts as CSV (RFC 4180), in the poll's order. Returns `None` if they are
/// hidden.
///
/// # Errors
/// Returns an error if a row cannot be written, which does not happen in memory.
pub(crate) fn to_csv(poll: &Poll, view: &TallyView) -> csv::Result<Option<Vec<u8>>> {
    let Some(total) = view.total_votes() else {
        return Ok(None);
    };
    let total = total.to_string();
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    table.write_record(["option_id", "text", "count", "total_votes"])?;
    for option in &poll.options {
        let count = view.count(option.id).unwrap_or_default().to_string();
        let id = option.id.to_string();
        table.write_record([&id, &*without_formula(&option.text), &count, &total])?;
    }
    let rows = table
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(Some(rows))
}

/// The characters with which formulas begin, from OWASP's page on CSV injection. Some
/// spreadsheets take the full-width forms too.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Returns a text that spreadsheets do not take for a formula: an apostrophe precedes the
/// characters with which formulas begin.
fn without_formula(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA_STARTS) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_of_formulas_are_escaped() {
        for formula in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1",
        ] {
            assert_eq!(without_formula(formula), format!("'{formula}"));
        }
        for text in ["", "a=1", "'=1", "1-2", "é", "👍"] {
            assert_eq!(without_formula(text), text);
        }
    }
}
