//! Reading an object's fields one by one, so that everything that is wrong with it is told at once.

use std::str::FromStr;

use serde_json::{Map, Value};
use votify_core::poll::FieldError;

/// More problems than this are not told.
const PROBLEMS_MAX: usize = 100;
/// More of an unknown field's name than this is not told.
const NAME_MAX: usize = 64;

/// What is wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<FieldError>);

impl Problems {
    pub(crate) fn add(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(FieldError::new(field, problem));
        }
    }

    /// Adds what a later check found, unless the same field or what it is part of is known to be wrong already.
    pub(crate) fn add_further(&mut self, further: Vec<FieldError>) {
        for problem in further {
            let known = self.0.iter().any(|known| {
                let rest = problem.field.strip_prefix(known.field.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            });
            if !known {
                self.add(problem.field, problem.problem);
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

/// The fields of an object that were not taken yet.
#[derive(Debug)]
pub(crate) struct Fields {
    path: String,
    left: Map<String, Value>,
}

impl Fields {
    /// The fields of `value` at `path`; told as a problem if it is no object.
    pub(crate) fn of(value: Value, path: &str, problems: &mut Problems) -> Option<Self> {
        match value {
            Value::Object(left) => Some(Self {
                path: path.to_owned(),
                left,
            }),
            _ => {
                problems.add(path, "must be an object");
                None
            }
        }
    }

    /// Where a field of this object is.
    pub(crate) fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// The field as it is, if there is one.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    /// The field, `null` being the same as not there.
    pub(crate) fn take_set(&mut self, name: &str) -> Option<Value> {
        self.take(name).filter(|value| !value.is_null())
    }

    /// A text; `None` if it is not there or no text, and then told.
    pub(crate) fn text(&mut self, name: &str, problems: &mut Problems) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => {
                problems.add(self.at(name), "must be a string");
                None
            }
        }
    }

    /// A text, or `null`.
    pub(crate) fn nullable_text(
        &mut self,
        name: &str,
        problems: &mut Problems,
    ) -> Option<Option<String>> {
        match self.take(name)? {
            Value::Null => Some(None),
            Value::String(text) => Some(Some(text)),
            _ => {
                problems.add(self.at(name), "must be a string or null");
                None
            }
        }
    }

    /// A text that reads as a `T`.
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        expected: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        let value = self.take(name)?;
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        if parsed.is_none() {
            problems.add(self.at(name), expected);
        }
        parsed
    }

    pub(crate) fn flag(&mut self, name: &str, problems: &mut Problems) -> Option<bool> {
        let value = self.take(name)?;
        if value.as_bool().is_none() {
            problems.add(self.at(name), "must be true or false");
        }
        value.as_bool()
    }

    /// A whole number from 0 to 4 294 967 295.
    pub(crate) fn number(&mut self, name: &str, problems: &mut Problems) -> Option<u32> {
        let value = self.take(name)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            problems.add(self.at(name), "must be a whole number");
        }
        number
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        let value = self.take(name)?;
        let known = words.iter().find(|(word, _)| Some(*word) == value.as_str());
        if known.is_none() {
            problems.add(self.at(name), one_of(words));
        }
        known.map(|(_, meaning)| *meaning)
    }

    /// Tells of every field that nobody took.
    pub(crate) fn finish(self, problems: &mut Problems) {
        for name in self.left.keys() {
            let name: String = name.chars().take(NAME_MAX).collect();
            problems.add(self.at(&name), "is no field here");
        }
    }
}

/// "must be one of a, b, c".
pub(crate) fn one_of<T>(words: &[(&str, T)]) -> String {
    let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    format!("must be one of {}", words.join(", "))
}
