//! Builds the text of a statement with its parameters.

use crate::backend::{Call, ListingSyntax};
use crate::row_set::Value;

/// A statement in which `?` stands for each parameter.
#[derive(Debug, Default)]
pub(super) struct SqlBuilder {
    text: String,
    pub(super) params: Vec<Value>,
    has_conditions: bool,
}

impl SqlBuilder {
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a condition and its parameters.
    pub(super) fn and(&mut self, condition: &str, params: impl IntoIterator<Item = Value>) {
        self.push(if self.has_conditions {
            " AND "
        } else {
            " WHERE "
        });
        self.push(condition);
        self.params.extend(params);
        self.has_conditions = true;
    }

    pub(super) fn into_call(self, syntax: ListingSyntax) -> Call {
        let mut pieces = self.text.split('?');
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (number, piece) in (1..).zip(pieces) {
            text.push_str(&(syntax.placeholder)(number));
            text.push_str(piece);
        }
        Call::Listing(text, self.params)
    }
}
