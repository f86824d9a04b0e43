//! The errors of a form, for its page.

use super::problem_text::{heading, sentence};
use crate::error::Problem;

/// The errors of the form that a page shows again. Empty when it is shown first.
#[derive(Debug, Clone, Default)]
pub(super) struct FormErrors {
    /// What went wrong, in one sentence. Empty without an error.
    pub(super) heading: String,
    /// What the user can do. May be empty.
    pub(super) detail: String,
    fields: Vec<(String, String)>,
}

impl FormErrors {
    /// Creates the error of one field.
    pub(super) fn of_field(field: &str, problem: &str) -> Self {
        Self {
            heading: problem.to_owned(),
            detail: String::new(),
            fields: vec![(field.to_owned(), problem.to_owned())],
        }
    }

    /// Returns true if the form has an error.
    pub(super) fn any(&self) -> bool {
        !self.heading.is_empty()
    }

    /// Returns the error of a field, or an empty text.
    pub(super) fn of(&self, field: &str) -> &str {
        let found = self.fields.iter().find(|(name, _)| name == field);
        found.map_or("", |(_, problem)| problem)
    }

    /// Returns true if a field is the first with an error. It gets the focus.
    pub(super) fn is_first(&self, field: &str) -> bool {
        self.fields.first().is_some_and(|(name, _)| name == field)
    }

    /// Returns the names of fields and their errors, for the list at the top of the form.
    pub(super) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// Replaces what went wrong by a text for this form.
    pub(super) fn with_heading(mut self, heading: &str) -> Self {
        heading.clone_into(&mut self.heading);
        self
    }

    /// Adds the error of a field.
    #[cfg(feature = "accounts")]
    pub(super) fn with_field(mut self, name: &str, error: &str) -> Self {
        self.fields.push((name.to_owned(), error.to_owned()));
        self
    }

    /// Changes the texts of errors.
    pub(super) fn reworded(mut self, reword: impl Fn(&str) -> String) -> Self {
        for (_, text) in &mut self.fields {
            *text = reword(text);
        }
        self
    }

    /// Renames fields of the API to those of the form, and sorts them as the form does.
    pub(super) fn in_order(mut self, rename: impl Fn(&str) -> String, order: &[&str]) -> Self {
        for (name, _) in &mut self.fields {
            *name = rename(name);
        }
        let place = |name: &str| {
            let stem = name.split('-').next().unwrap_or_default();
            order.iter().position(|other| *other == stem)
        };
        self.fields
            .sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        self
    }
}

impl From<&Problem> for FormErrors {
    fn from(problem: &Problem) -> Self {
        let body = problem.body();
        let fields = body.errors.into_iter();
        Self {
            heading: heading(body.code, body.title),
            detail: sentence(&body.detail),
            fields: fields
                .map(|error| (error.field, sentence(&error.problem)))
                .collect(),
        }
    }
}
