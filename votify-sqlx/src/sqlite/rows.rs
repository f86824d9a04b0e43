//! Binds row sets: a statement reads its rows from a table `given`, which is a list of
//! `VALUES` with one parameter for each value.

use sqlx::sqlite::SqliteArguments;

use crate::bind::Bind;
use crate::error::Error;
use crate::row_set::RowSet;

/// The numbers of rows in a text. The largest stays below SQLite's limit of 32 766
/// parameters. The next power of two is used, so that few texts are prepared and up to
/// 512 rows are one execution: each costs a round trip to the connection's thread.
const SIZES: [usize; 10] = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];

/// A statement over rows, with one text for each size.
#[derive(Debug)]
pub(super) struct RowStatement {
    texts: Vec<String>,
}

/// The rows of one execution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'s> {
    pub(super) text: &'s str,
    /// The index of the first row.
    start: usize,
    /// The number of rows.
    pub(super) len: usize,
    /// The number of rows in the text. The rest are rows of `NULL`.
    size: usize,
}

impl RowStatement {
    /// Creates a statement. `columns` names the columns of `given`; `statement` must
    /// ignore rows of `NULL`.
    pub(super) fn new(columns: &str, statement: &str) -> Self {
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        let text = |size: &usize| {
            let rows = vec![row.as_str(); *size].join(",");
            format!("WITH given ({columns}) AS (VALUES {rows}) {statement}")
        };
        Self {
            texts: SIZES.iter().map(text).collect(),
        }
    }

    /// Returns the texts of all sizes.
    #[cfg(test)]
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// Splits `len` rows into chunks, of which at most half is filled with `NULL`.
    pub(super) fn chunks(&self, len: usize) -> impl Iterator<Item = Chunk<'_>> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let left = len - start;
            let (size, text) = SIZES
                .iter()
                .zip(&self.texts)
                .find(|(size, _)| left * 2 > **size)?;
            let chunk = Chunk {
                text,
                start,
                len: left.min(*size),
                size: *size,
            };
            start += chunk.len;
            Some(chunk)
        })
    }
}

impl Chunk<'_> {
    /// Adds the values of the chunk's rows.
    pub(super) fn bind(&self, arguments: &mut SqliteArguments, rows: &RowSet) -> Result<(), Error> {
        for index in self.start..self.start + self.size {
            // A later row of the set belongs to another chunk only if this one is full.
            for column in rows.columns() {
                arguments.bind(column.value(index))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_chunk_and_texts_are_filled_up() {
        let statement = RowStatement::new("a, b", "SELECT a, b FROM given");
        for len in [0, 1, 4, 5, 8, 33, 300, 513, 1000] {
            let mut next = 0;
            for chunk in statement.chunks(len) {
                assert_eq!(chunk.text.matches('?').count(), chunk.size * 2);
                assert!(chunk.len <= chunk.size && chunk.len * 2 > chunk.size);
                assert_eq!(chunk.start, next);
                next += chunk.len;
                assert!(chunk.len == chunk.size || next == len);
            }
            assert_eq!(next, len);
        }
        let smallest = statement.texts().last().unwrap();
        assert!(smallest.ends_with("(VALUES (?,?)) SELECT a, b FROM given"));
    }
}
