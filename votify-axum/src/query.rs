//! Reading a query's parameters one by one, so that everything that is wrong with it is told at once.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::fields::{Problems, one_of};
use crate::problem::{Code, Problem};

/// The parameters that were not taken yet, and what is wrong so far.
#[derive(Debug, Default)]
pub(crate) struct QueryFields {
    left: Vec<(String, String)>,
    problems: Problems,
}

impl<S: Send + Sync> FromRequestParts<S> for QueryFields {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(left) = Query::try_from_uri(&parts.uri).map_err(|_| Code::InvalidQuery)?;
        Ok(Self {
            left,
            problems: Problems::default(),
        })
    }
}

impl QueryFields {
    /// A parameter's text; told as a problem if it is there more than once.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let mut given = self.left.extract_if(.., |(given, _)| given == name);
        let first = given.next();
        let repeated = given.count() > 0;
        if repeated {
            self.problems.add(name, "is given more than once");
        }
        first.map(|(_, value)| value).filter(|_| !repeated)
    }

    /// A text without control characters, up to `most` characters.
    pub(crate) fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let text = self.take(name)?;
        if text.chars().any(char::is_control) {
            self.problems.add(name, "must not hold control characters");
            return None;
        }
        if text.chars().nth(most).is_some() {
            self.problems
                .add(name, format!("must be at most {most} characters"));
            return None;
        }
        Some(text)
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.take(name)?;
        let known = words.iter().find(|(word, _)| *word == text);
        if known.is_none() {
            self.problems.add(name, one_of(words));
        }
        known.map(|(_, meaning)| *meaning)
    }

    /// A text that reads as a `T`.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let text = self.take(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.problems.add(name, expected);
        }
        parsed
    }

    pub(crate) fn wrong(&mut self, name: &str, problem: impl Into<String>) {
        self.problems.add(name, problem);
    }

    /// `value`, unless something is wrong or was never taken.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, Problem> {
        for (name, _) in &self.left {
            let name: String = name.chars().take(64).collect();
            self.problems.add(name, "is no parameter here");
        }
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(Problem::fields(
                Code::InvalidQuery,
                self.problems.into_vec(),
            ))
        }
    }
}
