//! Row sets as SQL text, in chunks of bounded size.

use std::fmt::{self, Write};

use chrono::DateTime;

use crate::db_timestamp::DbTimestamp;
use crate::error::Error;
use crate::row_set::{Column, RowSet};

/// The maximum number of rows of one statement.
const MAX_ROWS: usize = 1000;
/// The maximum length of several rows. Servers accept statements of at least 1 MiB.
const MAX_BYTES: usize = 512 * 1024;
const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFormat {
    /// The elements of a JSON array, each an array of values.
    Json,
    /// The rows after `VALUES`.
    Values,
}

/// The rows of one statement.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) text: String,
    pub(super) rows: usize,
}

/// A value that has no decimal or date text that MySQL accepts.
#[derive(Debug, thiserror::Error)]
#[error("value {0} is not supported by MySQL")]
struct UnsupportedValue(String);

/// Writes rows in their order, as chunks of bounded size. Returns none for no rows.
pub(super) fn chunks(format: RowFormat, rows: &RowSet) -> Result<Vec<Chunk>, Error> {
    let (open, close) = match format {
        RowFormat::Json => ('[', ']'),
        RowFormat::Values => ('(', ')'),
    };
    let mut chunks = Vec::new();
    let mut count = 0;
    let mut writer = RowWriter {
        format,
        text: String::new(),
        last_time: None,
    };
    for row in 0..rows.len() {
        let end = writer.text.len();
        if count > 0 {
            writer.text.push(',');
        }
        writer.text.push(open);
        for (index, column) in rows.columns().iter().enumerate() {
            if index > 0 {
                writer.text.push(',');
            }
            writer.cell(column, row)?;
        }
        writer.text.push(close);
        if count == MAX_ROWS || (count > 0 && writer.text.len() > MAX_BYTES) {
            let next = writer.text.split_off(end + 1);
            writer.text.truncate(end);
            let text = std::mem::replace(&mut writer.text, next);
            chunks.push(Chunk { text, rows: count });
            count = 0;
        }
        count += 1;
    }
    if count > 0 {
        let text = writer.text;
        chunks.push(Chunk { text, rows: count });
    }
    Ok(chunks)
}

/// Writes values as digits and fixed characters, so that no value needs escaping.
#[derive(Debug)]
struct RowWriter {
    format: RowFormat,
    text: String,
    /// The last time and its text: all ballots of a batch have the same time.
    last_time: Option<(DbTimestamp, String)>,
}

impl RowWriter {
    fn cell(&mut self, column: &Column, row: usize) -> Result<(), Error> {
        match column {
            Column::Id(ids) => self.hex("X", ids[row].as_bytes()),
            Column::Bytes(bytes) => self.hex("X", &bytes[row]),
            Column::Text(texts) => self.hex("_utf8mb4 X", texts[row].as_bytes()),
            Column::Integer(integers) => self.write(format_args!("{}", integers[row])),
            Column::Real(reals) => {
                let real = reals[row];
                if !real.is_finite() {
                    return Err(unsupported(real));
                }
                self.quoted(format_args!("{real:e}"));
            }
            Column::Time(times) => {
                let time = times[row];
                let text = match self.last_time.take() {
                    Some((last, text)) if last == time => text,
                    _ => date_text(time)?,
                };
                self.quoted(format_args!("{text}"));
                self.last_time = Some((time, text));
            }
        }
        Ok(())
    }

    fn write(&mut self, value: fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = self.text.write_fmt(value);
    }

    const fn quote(&self) -> char {
        match self.format {
            RowFormat::Json => '"',
            RowFormat::Values => '\'',
        }
    }

    fn quoted(&mut self, value: fmt::Arguments<'_>) {
        let quote = self.quote();
        self.write(format_args!("{quote}{value}{quote}"));
    }

    /// Writes hexadecimal digits, in SQL behind a prefix for their type.
    fn hex(&mut self, prefix: &str, bytes: &[u8]) {
        let quote = self.quote();
        self.text.reserve(prefix.len() + 2 * bytes.len() + 2);
        if self.format == RowFormat::Values {
            self.text.push_str(prefix);
        }
        self.text.push(quote);
        for byte in bytes {
            let digits = [byte >> 4, byte & 0xf];
            let digits = digits.map(|digit| char::from(HEX_DIGITS[usize::from(digit)]));
            self.text.extend(digits);
        }
        self.text.push(quote);
    }
}

fn date_text(time: DbTimestamp) -> Result<String, Error> {
    let date = DateTime::from_timestamp_micros(time.0).ok_or_else(|| unsupported(time.0))?;
    Ok(date.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

fn unsupported(value: impl fmt::Display) -> Error {
    sqlx::Error::Encode(UnsupportedValue(value.to_string()).into()).into()
}

#[cfg(test)]
mod tests {
    use votify_core::Timestamp;

    use super::*;

    fn integers(values: &[i64]) -> RowSet {
        let rows = RowSet::builder(values).integer(|value| Ok(*value));
        rows.unwrap().build()
    }

    #[test]
    fn every_row_is_in_one_chunk() {
        for count in [0, 1, 2, MAX_ROWS, MAX_ROWS + 1, 2 * MAX_ROWS + 7] {
            let rows: Vec<i64> = (0..).take(count).collect();
            let chunks = chunks(RowFormat::Json, &integers(&rows)).unwrap();
            assert_eq!(chunks.len(), count.div_ceil(MAX_ROWS));
            let counted: usize = chunks.iter().map(|chunk| chunk.rows).sum();
            assert_eq!(counted, count);
            let read = |chunk: &Chunk| {
                let rows: Vec<(i64,)> = serde_json::from_str(&format!("[{}]", chunk.text)).unwrap();
                assert_eq!(rows.len(), chunk.rows);
                rows
            };
            let read: Vec<i64> = chunks.iter().flat_map(read).map(|(n,)| n).collect();
            assert_eq!(read, rows);
        }
    }

    #[test]
    fn long_rows_are_in_separate_chunks() {
        let rows = vec![vec![7; MAX_BYTES / 5]; 5];
        let rows = RowSet::builder(&rows).bytes(|bytes| Ok(bytes.clone()));
        let chunks = chunks(RowFormat::Values, &rows.unwrap().build()).unwrap();
        assert_eq!(chunks.len(), 3);
        assert!(chunks.iter().all(|chunk| chunk.text.len() <= MAX_BYTES));
        let rows: Vec<_> = chunks.iter().map(|chunk| chunk.rows).collect();
        assert_eq!(rows, [2, 2, 1]);
    }

    #[test]
    fn values_need_no_escaping() {
        let rows = RowSet::builder(&[[0xab; 16]])
            .id(|id| id)
            .text(|_| "é'".to_owned())
            .real(|_| -1234.5)
            .time(|_| Timestamp::MAX)
            .integer(|_| Ok(-1))
            .unwrap()
            .build();
        let written = |format| chunks(format, &rows).unwrap().remove(0).text;
        assert_eq!(
            written(RowFormat::Json),
            "[\"abababababababababababababababab\",\"c3a927\",\"-1.2345e3\",\"9999-12-31 23:59:59.999999\",-1]"
        );
        assert_eq!(
            written(RowFormat::Values),
            "(X'abababababababababababababababab',_utf8mb4 X'c3a927','-1.2345e3','9999-12-31 23:59:59.999999',-1)"
        );
        let times = [Timestamp::EPOCH, Timestamp::EPOCH, Timestamp::MAX];
        let times = RowSet::builder(&times).time(|time| *time).build();
        assert_eq!(
            chunks(RowFormat::Values, &times).unwrap()[0].text,
            "('1970-01-01 00:00:00.000000'),('1970-01-01 00:00:00.000000'),('9999-12-31 23:59:59.999999')"
        );
        let infinite = RowSet::builder(&[f64::NEG_INFINITY])
            .real(|real| *real)
            .build();
        chunks(RowFormat::Json, &infinite).unwrap_err();
    }
}
