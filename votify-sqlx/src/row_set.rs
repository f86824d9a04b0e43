//! The input of statements, in a form that every database can bind.

use uuid::Uuid;
use votify_core::{Ballot, PollId, Timestamp};

use crate::db_timestamp::DbTimestamp;
use crate::error::Error;

/// A single parameter of a statement. `None` is `NULL`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Id(Option<Uuid>),
    Bytes(Option<Vec<u8>>),
    Text(Option<String>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Flag(Option<bool>),
    Time(Option<DbTimestamp>),
}

impl Value {
    pub(crate) const fn id(bytes: &[u8; 16]) -> Self {
        Self::Id(Some(Uuid::from_bytes(*bytes)))
    }

    pub(crate) fn time(time: impl Into<Option<Timestamp>>) -> Self {
        Self::Time(time.into().map(|time| DbTimestamp(time.as_micros())))
    }
}

/// One column of a [`RowSet`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Column {
    Id(Vec<Uuid>),
    Bytes(Vec<Vec<u8>>),
    /// Text from outside, so it must never become part of a statement unescaped.
    Text(Vec<String>),
    Integer(Vec<i64>),
    Real(Vec<f64>),
    Time(Vec<DbTimestamp>),
}

impl Column {
    /// Returns the value of a row, or `NULL` behind the last row.
    pub(crate) fn value(&self, row: usize) -> Value {
        match self {
            Self::Id(ids) => Value::Id(ids.get(row).copied()),
            Self::Bytes(bytes) => Value::Bytes(bytes.get(row).cloned()),
            Self::Text(texts) => Value::Text(texts.get(row).cloned()),
            Self::Integer(integers) => Value::Integer(integers.get(row).copied()),
            Self::Real(reals) => Value::Real(reals.get(row).copied()),
            Self::Time(times) => Value::Time(times.get(row).copied()),
        }
    }
}

/// The rows of a statement, by column.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RowSet {
    len: usize,
    columns: Vec<Column>,
}

impl RowSet {
    /// Starts a row set with one row for each item, and without columns.
    pub(crate) const fn builder<T>(items: &[T]) -> RowSetBuilder<'_, T> {
        RowSetBuilder {
            items,
            columns: Vec::new(),
        }
    }

    /// Returns the number of rows.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }
}

/// Returns rows of poll.
pub(crate) fn poll_rows(polls: &[PollId]) -> RowSet {
    RowSet::builder(polls).id(|poll| poll.as_bytes()).build()
}

/// Returns rows of poll, voter and ballot.
pub(crate) fn ballot_rows(ballots: &[&Ballot]) -> RowSet {
    RowSet::builder(ballots)
        .id(|ballot| ballot.poll.as_bytes())
        .id(|ballot| ballot.voter.as_bytes())
        .id(|ballot| ballot.id.as_bytes())
        .build()
}

/// Adds columns to a row set, from left to right.
#[derive(Debug)]
pub(crate) struct RowSetBuilder<'a, T> {
    items: &'a [T],
    columns: Vec<Column>,
}

impl<'a, T> RowSetBuilder<'a, T> {
    pub(crate) fn id(mut self, id: impl Fn(&'a T) -> &'a [u8; 16]) -> Self {
        let ids = self.items.iter().map(|item| Uuid::from_bytes(*id(item)));
        self.columns.push(Column::Id(ids.collect()));
        self
    }

    pub(crate) fn text(mut self, text: impl Fn(&'a T) -> String) -> Self {
        let texts = self.items.iter().map(text);
        self.columns.push(Column::Text(texts.collect()));
        self
    }

    pub(crate) fn real(mut self, real: impl Fn(&'a T) -> f64) -> Self {
        let reals = self.items.iter().map(real);
        self.columns.push(Column::Real(reals.collect()));
        self
    }

    pub(crate) fn time(mut self, time: impl Fn(&'a T) -> Timestamp) -> Self {
        let times = self
            .items
            .iter()
            .map(|item| DbTimestamp(time(item).as_micros()));
        self.columns.push(Column::Time(times.collect()));
        self
    }

    pub(crate) fn bytes(
        mut self,
        bytes: impl Fn(&'a T) -> Result<Vec<u8>, Error>,
    ) -> Result<Self, Error> {
        let column = self.items.iter().map(bytes).collect::<Result<_, _>>()?;
        self.columns.push(Column::Bytes(column));
        Ok(self)
    }

    pub(crate) fn integer(
        mut self,
        integer: impl Fn(&'a T) -> Result<i64, Error>,
    ) -> Result<Self, Error> {
        let column = self.items.iter().map(integer).collect::<Result<_, _>>()?;
        self.columns.push(Column::Integer(column));
        Ok(self)
    }

    pub(crate) fn build(self) -> RowSet {
        RowSet {
            len: self.items.len(),
            columns: self.columns,
        }
    }
}
