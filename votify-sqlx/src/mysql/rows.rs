//! Rows of parameters as texts.

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

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As one array of arrays in JSON, for the tables of [`Given`](super::given::Given).
    Json,
    /// As the rows after `VALUES`.
    Values,
}

/// A row under construction, behind those that are done. Nothing in it has to be escaped: it is made of digits and fixed marks.
#[derive(Debug)]
pub(super) struct Row {
    style: Style,
    text: String,
    /// Whether the next value is the row's first one.
    begins: bool,
    /// The moment that was told last, and how: all ballots of a batch were cast at the same one.
    told: Option<(Timestamp, String)>,
}

/// As many rows as one statement gets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) rows: usize,
}

/// What is not to be told in decimal digits.
#[derive(Debug, thiserror::Error)]
#[error("value {0} is not supported by MySQL")]
struct Untellable(String);

/// Writes rows as texts of bounded size, in their order; none for no rows.
pub(super) fn pieces<T>(
    style: Style,
    rows: &[T],
    write: impl Fn(&mut Row, &T) -> Result<(), Error>,
) -> Result<Vec<Piece>, Error> {
    let (open, close) = style.row();
    let mut pieces = Vec::new();
    let mut count = 0;
    let mut row = Row {
        style,
        text: String::new(),
        begins: true,
        told: None,
    };
    for values in rows {
        let end = row.text.len();
        if count > 0 {
            row.text.push(',');
        }
        row.text.push(open);
        row.begins = true;
        write(&mut row, values)?;
        row.text.push(close);
        if count == ROWS || (count > 0 && row.text.len() > BYTES) {
            let next = row.text.split_off(end + 1);
            row.text.truncate(end);
            let text = std::mem::replace(&mut row.text, next);
            pieces.push(Piece { text, rows: count });
            count = 0;
        }
        count += 1;
    }
    if count > 0 {
        let text = row.text;
        pieces.push(Piece { text, rows: count });
    }
    Ok(pieces)
}

impl Style {
    const fn row(self) -> (char, char) {
        match self {
            Self::Json => ('[', ']'),
            Self::Values => ('(', ')'),
        }
    }
}

impl Row {
    /// Begins the next value.
    fn next(&mut self) -> &mut String {
        if !std::mem::take(&mut self.begins) {
            self.text.push(',');
        }
        &mut self.text
    }

    const fn quote(&self) -> char {
        match self.style {
            Style::Json => '"',
            Style::Values => '\'',
        }
    }

    fn written_as(&mut self, value: fmt::Arguments<'_>) -> Result<(), Error> {
        // Writing to memory does not fail.
        let written = self.next().write_fmt(value);
        written.map_err(|error| sqlx::Error::Encode(error.into()).into())
    }

    fn quoted(&mut self, value: fmt::Arguments<'_>) -> Result<(), Error> {
        let quote = self.quote();
        self.written_as(format_args!("{quote}{value}{quote}"))
    }

    fn null(&mut self) -> Result<(), Error> {
        self.next().push_str("null");
        Ok(())
    }

    /// Hexadecimal digits, after what says so where it has to be said.
    fn digits(&mut self, mark: &str, value: &[u8]) -> Result<(), Error> {
        let (quote, mark) = match self.style {
            Style::Json => ('"', ""),
            Style::Values => ('\'', mark),
        };
        let text = self.next();
        text.reserve(mark.len() + 2 * value.len() + 2);
        text.push_str(mark);
        text.push(quote);
        for byte in value {
            let [high, low] = [byte >> 4, byte & 0xf];
            text.extend([high, low].map(|half| char::from(DIGITS[usize::from(half)])));
        }
        text.push(quote);
        Ok(())
    }
}

impl Parameters for Row {
    fn id(&mut self, value: &[u8; 16]) -> Result<(), Error> {
        self.bytes(value)
    }

    fn bytes(&mut self, value: &[u8]) -> Result<(), Error> {
        self.digits("X", value)
    }

    fn maybe_bytes(&mut self, value: Option<&[u8]>) -> Result<(), Error> {
        match value {
            Some(value) => self.bytes(value),
            None => self.null(),
        }
    }

    fn text(&mut self, value: &str) -> Result<(), Error> {
        self.digits("_utf8mb4 X", value.as_bytes())
    }

    fn maybe_text(&mut self, value: Option<&str>) -> Result<(), Error> {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    fn integer(&mut self, value: i64) -> Result<(), Error> {
        self.written_as(format_args!("{value}"))
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
        let text = match self.told.take() {
            Some((told, text)) if told == value => text,
            _ => told(value)?,
        };
        let quoted = self.quoted(format_args!("{text}"));
        self.told = Some((value, text));
        quoted
    }

    fn maybe_moment(&mut self, value: Option<Timestamp>) -> Result<(), Error> {
        match value {
            Some(value) => self.moment(value),
            None => self.null(),
        }
    }
}

fn told(value: Timestamp) -> Result<String, Error> {
    let micros = value.as_micros();
    let date = DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| unwritable(Untellable(micros.to_string())))?;
    Ok(date.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
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
            let pieces = pieces(Style::Json, &rows, |row, n| row.integer(*n)).unwrap();
            assert_eq!(pieces.len(), count.div_ceil(ROWS));
            let counted: usize = pieces.iter().map(|piece| piece.rows).sum();
            assert_eq!(counted, count);
            let read = |piece: &Piece| {
                let rows: Vec<(i64,)> = serde_json::from_str(&format!("[{}]", piece.text)).unwrap();
                assert_eq!(rows.len(), piece.rows);
                rows
            };
            let read: Vec<i64> = pieces.iter().flat_map(read).map(|(n,)| n).collect();
            assert_eq!(read, rows);
        }
    }

    #[test]
    fn long_rows_are_taken_apart() {
        let rows = vec![vec![7; BYTES / 5]; 5];
        let pieces = pieces(Style::Values, &rows, |row, bytes| row.bytes(bytes)).unwrap();
        assert_eq!(pieces.len(), 3);
        assert!(pieces.iter().all(|piece| piece.text.len() <= BYTES));
        let rows: Vec<_> = pieces.iter().map(|piece| piece.rows).collect();
        assert_eq!(rows, [2, 2, 1]);
    }

    #[test]
    fn values_travel_in_forms_that_need_no_interpretation() {
        let written = |style| {
            let pieces = pieces(style, &[()], |row, ()| {
                row.id(&[0xab; 16])?;
                row.text("é'")?;
                row.maybe_text(None)?;
                row.real(-1234.5)?;
                row.flag(true)?;
                row.moment(Timestamp::MAX)
            });
            pieces.unwrap().remove(0).text
        };
        assert_eq!(
            written(Style::Json),
            "[\"abababababababababababababababab\",\"c3a927\",null,\"-1.2345e3\",1,\"9999-12-31 23:59:59.999999\"]"
        );
        assert_eq!(
            written(Style::Values),
            "(X'abababababababababababababababab',_utf8mb4 X'c3a927',null,'-1.2345e3',1,'9999-12-31 23:59:59.999999')"
        );
        let moments = [Timestamp::EPOCH, Timestamp::EPOCH, Timestamp::MAX];
        let moments = pieces(Style::Values, &moments, |row, moment| row.moment(*moment));
        assert_eq!(
            moments.unwrap()[0].text,
            "('1970-01-01 00:00:00.000000'),('1970-01-01 00:00:00.000000'),('9999-12-31 23:59:59.999999')"
        );
        let infinite = [f64::NEG_INFINITY];
        assert!(pieces(Style::Json, &infinite, |row, value| row.real(*value)).is_err());
    }
}
