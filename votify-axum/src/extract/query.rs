//! Reads query parameters one by one, so that one response reports all errors.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use unicode_normalization::UnicodeNormalization;

use crate::dto::fields::{FieldErrors, NAME_MAX, expected_one_of};
use crate::error::{ErrorCode, Problem};

/// The query parameters that were not read yet, and the errors so far.
#[derive(Debug, Default)]
pub(crate) struct QueryReader {
    remaining: Vec<(String, String)>,
    errors: FieldErrors,
}

impl<S: Send + Sync> FromRequestParts<S> for QueryReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(remaining) =
            Query::try_from_uri(&parts.uri).map_err(|_| ErrorCode::InvalidQuery)?;
        Ok(Self {
            remaining,
            errors: FieldErrors::default(),
        })
    }
}

impl QueryReader {
    /// Reads a parameter. A repeated parameter is an error.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let mut values = self.remaining.extract_if(.., |(other, _)| other == name);
        let first = values.next();
        let repeated = values.count() > 0;
        if repeated {
            self.errors.add(name, "must not be repeated");
        }
        first.map(|(_, value)| value).filter(|_| !repeated)
    }

    /// Reads a string of up to `max` characters without control characters. Returns it in
    /// NFC, as polls store texts.
    pub(crate) fn string(&mut self, name: &str, max: usize) -> Option<String> {
        let text = self.take(name)?.nfc().collect();
        self.checked(name, text, max)
    }

    /// Reads a string like [`string`](Self::string), and returns it as it was sent.
    pub(crate) fn verbatim(&mut self, name: &str, max: usize) -> Option<String> {
        let text = self.take(name)?;
        self.checked(name, text, max)
    }

    fn checked(&mut self, name: &str, text: String, max: usize) -> Option<String> {
        if text.chars().any(char::is_control) {
            self.errors.add(name, "must not contain control characters");
            return None;
        }
        if text.chars().nth(max).is_some() {
            self.errors
                .add(name, format!("must be at most {max} characters"));
            return None;
        }
        Some(text)
    }

    /// Reads one of several keywords.
    pub(crate) fn keyword<T: Copy>(&mut self, name: &str, keywords: &[(&str, T)]) -> Option<T> {
        let text = self.take(name)?;
        let known = keywords.iter().find(|(keyword, _)| *keyword == text);
        if known.is_none() {
            self.errors.add(name, expected_one_of(keywords));
        }
        known.map(|(_, value)| *value)
    }

    /// Reads a value of type `T`. The error for other texts is `expected`.
    pub(crate) fn parse<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let text = self.take(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.errors.add(name, expected);
        }
        parsed
    }

    pub(crate) fn add_error(&mut self, name: &str, error: impl Into<String>) {
        self.errors.add(name, error);
    }

    /// Returns `value` if there are no errors and no unread parameters.
    ///
    /// # Errors
    /// - `invalid_query`: a parameter is invalid or unknown; the response lists all.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, Problem> {
        for (name, _) in &self.remaining {
            let name: String = name.chars().take(NAME_MAX).collect();
            self.errors.add(name, "unknown parameter");
        }
        if self.errors.is_empty() {
            Ok(value)
        } else {
            Err(Problem::field_errors(
                ErrorCode::InvalidQuery,
                self.errors.into_vec(),
            ))
        }
    }
}
