//! Reads the fields of a JSON object one by one, so that one response reports all errors.
//!
//! Hand-written, because the API promises *all* errors of a body with their paths. serde
//! stops at the first error. `serde_path_to_error` adds the path, but only of that first
//! error. `garde` collects all errors, but of typed values, which exist only after serde
//! has succeeded.

use std::str::FromStr;

use serde_json::{Map, Value};
use votify_core::poll::FieldError;

/// Maximum number of errors in a response.
pub(crate) const MAX_ERRORS: usize = 100;
/// Maximum characters of an unknown name that an error repeats.
pub(crate) const NAME_MAX: usize = 64;

/// The errors found so far.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    pub(crate) fn add(&mut self, field: impl Into<String>, error: impl Into<String>) {
        if self.0.len() < MAX_ERRORS {
            self.0.push(FieldError::new(field, error));
        }
    }

    /// Adds the errors of a later check. Skips a field that already has an error, itself
    /// or as a part of another field.
    pub(crate) fn extend(&mut self, errors: Vec<FieldError>) {
        for error in errors {
            let is_known = self.0.iter().any(|known| {
                let rest = error.field.strip_prefix(known.field.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            });
            if !is_known {
                self.add(error.field, error.problem);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<FieldError> {
        self.0
    }
}

/// The fields of an object that were not read yet.
#[derive(Debug)]
pub(crate) struct FieldReader {
    path: String,
    remaining: Map<String, Value>,
}

impl FieldReader {
    /// Creates a reader for the object at `path`. Any other value is an error.
    pub(crate) fn new(value: Value, path: &str, errors: &mut FieldErrors) -> Option<Self> {
        match value {
            Value::Object(remaining) => Some(Self {
                path: path.to_owned(),
                remaining,
            }),
            _ => {
                errors.add(path, "must be an object");
                None
            }
        }
    }

    /// Returns the path of a field of this object.
    pub(crate) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.remaining.contains_key(name)
    }

    /// Reads a field of any type.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.remaining.remove(name)
    }

    /// Reads a field of any type. Returns `None` for `null`.
    pub(crate) fn take_non_null(&mut self, name: &str) -> Option<Value> {
        self.take(name).filter(|value| !value.is_null())
    }

    /// Reads a string.
    pub(crate) fn string(&mut self, name: &str, errors: &mut FieldErrors) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => {
                errors.add(self.path_of(name), "must be a string");
                None
            }
        }
    }

    /// Reads a string or `null`.
    pub(crate) fn nullable_string(
        &mut self,
        name: &str,
        errors: &mut FieldErrors,
    ) -> Option<Option<String>> {
        match self.take(name)? {
            Value::Null => Some(None),
            Value::String(text) => Some(Some(text)),
            _ => {
                errors.add(self.path_of(name), "must be a string or null");
                None
            }
        }
    }

    /// Reads a string that parses as a `T`. The error for other values is `expected`.
    pub(crate) fn parse<T: FromStr>(
        &mut self,
        name: &str,
        expected: &str,
        errors: &mut FieldErrors,
    ) -> Option<T> {
        let value = self.take(name)?;
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        if parsed.is_none() {
            errors.add(self.path_of(name), expected);
        }
        parsed
    }

    /// Reads a boolean.
    pub(crate) fn boolean(&mut self, name: &str, errors: &mut FieldErrors) -> Option<bool> {
        let value = self.take(name)?;
        if value.as_bool().is_none() {
            errors.add(self.path_of(name), "must be true or false");
        }
        value.as_bool()
    }

    /// Reads a whole number from 0 to 4 294 967 295.
    pub(crate) fn number(&mut self, name: &str, errors: &mut FieldErrors) -> Option<u32> {
        let value = self.take(name)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            errors.add(self.path_of(name), "must be a whole number");
        }
        number
    }

    /// Reads one of several keywords.
    pub(crate) fn keyword<T: Copy>(
        &mut self,
        name: &str,
        keywords: &[(&str, T)],
        errors: &mut FieldErrors,
    ) -> Option<T> {
        let value = self.take(name)?;
        let known = keywords
            .iter()
            .find(|(keyword, _)| Some(*keyword) == value.as_str());
        if known.is_none() {
            errors.add(self.path_of(name), expected_one_of(keywords));
        }
        known.map(|(_, value)| *value)
    }

    /// Adds an error for every field that was not read.
    pub(crate) fn finish(self, errors: &mut FieldErrors) {
        for name in self.remaining.keys() {
            let name: String = name.chars().take(NAME_MAX).collect();
            errors.add(self.path_of(&name), "unknown field");
        }
    }
}

/// Returns the error "must be one of a, b, c".
pub(crate) fn expected_one_of<T>(keywords: &[(&str, T)]) -> String {
    let keywords: Vec<&str> = keywords.iter().map(|(keyword, _)| *keyword).collect();
    format!("must be one of {}", keywords.join(", "))
}
