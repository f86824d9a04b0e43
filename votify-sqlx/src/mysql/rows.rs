//! Rows of parameters as JSON, for the tables of [`Given`](super::given::Given).

use chrono::DateTime;
use serde::Serialize;
use votify_core::Timestamp;

use crate::error::Error;
use crate::parameters::Parameters;

/// How many rows one statement gets.
const ROWS: usize = 1000;
/// How long they are at most, if they are several: servers take statements of 1 MiB and more.
const BYTES: usize = 512 * 1024;

/// A row under construction.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Row(Vec<Value>);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Value {
    Integer(i64),
    Text(String),
    Null,
}

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
        let text =
            serde_json::to_string(&values).map_err(|error| Error::Unwritable("a row", error))?;
        if count > 0 && (count == ROWS || piece.len() + text.len() > BYTES) {
            piece.push(']');
            pieces.push(std::mem::take(&mut piece));
            count = 0;
        }
        piece.push(if count == 0 { '[' } else { ',' });
        piece.push_str(&text);
        count += 1;
    }
    if count > 0 {
        piece.push(']');
        pieces.push(piece);
    }
    Ok(pieces)
}

impl Row {
    fn add(&mut self, value: Value) -> Result<(), Error> {
        self.0.push(value);
        Ok(())
    }
}

impl Parameters for Row {
    fn id(&mut self, value: &[u8; 16]) -> Result<(), Error> {
        self.bytes(value)
    }

    fn bytes(&mut self, value: &[u8]) -> Result<(), Error> {
        self.add(Value::Text(hexadecimal(value)))
    }

    fn maybe_bytes(&mut self, value: Option<&[u8]>) -> Result<(), Error> {
        match value {
            Some(value) => self.bytes(value),
            None => self.add(Value::Null),
        }
    }

    fn text(&mut self, value: &str) -> Result<(), Error> {
        self.bytes(value.as_bytes())
    }

    fn maybe_text(&mut self, value: Option<&str>) -> Result<(), Error> {
        self.maybe_bytes(value.map(str::as_bytes))
    }

    fn integer(&mut self, value: i64) -> Result<(), Error> {
        self.add(Value::Integer(value))
    }

    fn real(&mut self, value: f64) -> Result<(), Error> {
        if value.is_finite() {
            self.add(Value::Text(format!("{value:e}")))
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
        self.add(Value::Text(
            date.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        ))
    }

    fn maybe_moment(&mut self, value: Option<Timestamp>) -> Result<(), Error> {
        match value {
            Some(value) => self.moment(value),
            None => self.add(Value::Null),
        }
    }
}

fn unwritable(why: Untellable) -> Error {
    sqlx::Error::Encode(why.into()).into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(digit).collect()
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
