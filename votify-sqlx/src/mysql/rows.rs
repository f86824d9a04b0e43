//! Rows of parameters as JSON, for the tables of [`Given`](super::given::Given).

use std::fmt::{self, Write};

use chrono::DateTime;
use votify_core::Timestamp;

use crate::error::Error;
use crate::parameters::Parameters;

/// How many rows one statement gets.
const ROWS: usize = 1000;
/// How long they are at most, if they are several: servers take statements of 1 MiB and more.
const BYTES: usize = 512 * 1024;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A row under construction: a JSON array whose end is missing. Nothing in it has to be escaped.
#[derive(Debug, Default)]
pub(super) struct Row(String);

/// What is not to be told in decimal digits.
#[derive(Debug, thiserror::Error)]
#[error("{0} cannot be kept")]
struct Untellable(String);

/// Writes the rows as JSON arrays of bounded size, in their order; none for no rows.
pub(super) fn pieces<T>(
    rows: &[T],
    write: impl Fn(&mut Row, &T) -> Result<(), Error>,
) -> Result<Vec<String>, Error> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut count = 0;
    for row in rows {
        let mut values = Row::default();
        write(&mut values, row)?;
        let Row(text) = values;
        if count > 0 && (count == ROWS || piece.len() + text.len() > BYTES) {
            piece.push(']');
            pieces.push(std::mem::take(&mut piece));
            count = 0;
        }
        piece.push(if count == 0 { '[' } else { ',' });
        piece.push_str(if text.is_empty() { "[" } else { &text });
        piece.push(']');
        count += 1;
    }
    if count > 0 {
        piece.push(']');
        pieces.push(piece);
    }
    Ok(pieces)
}

impl Row {
    /// Begins the next value.
    fn next(&mut self) -> &mut String {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
        &mut self.0
    }

    fn quoted(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        // Writing to memory does not fail.
        write!(self.next(), "\"{text}\"").map_err(|error| sqlx::Error::Encode(error.into()).into())
    }

    fn null(&mut self) -> Result<(), Error> {
        self.next().push_str("null");
        Ok(())
    }
}

impl Parameters for Row {
    fn id(&mut self, value: &[u8; 16]) -> Result<(), Error> {
        self.bytes(value)
    }

    fn bytes(&mut self, value: &[u8]) -> Result<(), Error> {
        let text = self.next();
        text.reserve(2 * value.len() + 2);
        text.push('"');
        for byte in value {
            let [high, low] = [byte >> 4, byte & 0xf];
            text.extend([high, low].map(|half| char::from(DIGITS[usize::from(half)])));
        }
        text.push('"');
        Ok(())
    }

    fn maybe_bytes(&mut self, value: Option<&[u8]>) -> Result<(), Error> {
        match value {
            Some(value) => self.bytes(value),
            None => self.null(),
        }
    }

    fn text(&mut self, value: &str) -> Result<(), Error> {
        self.bytes(value.as_bytes())
    }

    fn maybe_text(&mut self, value: Option<&str>) -> Result<(), Error> {
        self.maybe_bytes(value.map(str::as_bytes))
    }

    fn integer(&mut self, value: i64) -> Result<(), Error> {
        let written = write!(self.next(), "{value}");
        written.map_err(|error| sqlx::Error::Encode(error.into()).into())
    }

    fn real(&mut self, value: f64) -> Result<(), Error> {
        if value.is_finite() {
            self.quoted(format_args!("{value:e}"))
        } else {
            Err(unwritable(Untellable(value.to_string())))
        }
    }

    fn flag(&mut self, value: bool) -> Result<(), Error> {
        self.integer(value.into())
    }

    fn moment(&mut self, value: Timestamp) -> Result<(), Error> {
        let micros = value.as_micros();
        let date = DateTime::from_timestamp_micros(micros)
            .ok_or_else(|| unwritable(Untellable(micros.to_string())))?;
        self.quoted(format_args!("{}", date.format("%Y-%m-%d %H:%M:%S%.6f")))
    }

    fn maybe_moment(&mut self, value: Option<Timestamp>) -> Result<(), Error> {
        match value {
            Some(value) => self.moment(value),
            None => self.null(),
        }
    }
}

fn unwritable(why: Untellable) -> Error {
    sqlx::Error::Encode(why.into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_piece() {
        for count in [0, 1, 2, ROWS, ROWS + 1, 2 * ROWS + 7] {
            let rows: Vec<i64> = (0..).take(count).collect();
            let pieces = pieces(&rows, |row, n| row.integer(*n)).unwrap();
            assert_eq!(pieces.len(), count.div_ceil(ROWS));
            let read = |piece: &String| serde_json::from_str::<Vec<(i64,)>>(piece).unwrap();
            let read: Vec<i64> = pieces.iter().flat_map(read).map(|(n,)| n).collect();
            assert_eq!(read, rows);
        }
    }

    #[test]
    fn long_rows_are_taken_apart() {
        let rows = vec![vec![7; BYTES / 5]; 5];
        let pieces = pieces(&rows, |row, bytes| row.bytes(bytes)).unwrap();
        assert_eq!(pieces.len(), 3);
        assert!(pieces.iter().all(|piece| piece.len() < BYTES + 10));
    }

    #[test]
    fn values_travel_in_forms_that_need_no_interpretation() {
        let pieces = pieces(&[()], |row, ()| {
            row.id(&[0xab; 16])?;
            row.text("é'")?;
            row.real(-1234.5)?;
            row.moment(Timestamp::MAX)
        });
        assert_eq!(
            pieces.unwrap(),
            [
                "[[\"abababababababababababababababab\",\"c3a927\",\"-1.2345e3\",\"9999-12-31 23:59:59.999999\"]]"
            ]
        );
        let mut row = Row::default();
        assert!(row.real(f64::NEG_INFINITY).is_err());
    }
}
