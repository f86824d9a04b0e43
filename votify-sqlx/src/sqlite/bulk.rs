//! Statements over many rows of parameters, in few texts, so that they are seldom prepared anew.

/// How many rows a text takes; the largest stays far below the 32 766 parameters that SQLite allows. By halves, so that
/// up to 512 rows are one execution: each costs a way to the connection's thread and back.
const SIZES: [usize; 10] = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];

/// A statement that reads its parameters as the rows of a table `given`.
#[derive(Debug)]
pub(crate) struct Bulk {
    columns: usize,
    texts: [String; SIZES.len()],
}

/// As many rows as one execution takes.
pub(crate) struct Piece<'r, T> {
    /// Made of constants.
    pub(crate) text: &'r str,
    pub(crate) rows: &'r [T],
    /// How many NULLs are to be bound after the rows, to fill the text's last rows up.
    pub(crate) padding: usize,
}

impl Bulk {
    /// `names` are the columns of `given`; `statement` must take no notice of rows that are all NULL.
    pub(crate) fn new(names: &[&str], statement: &str) -> Self {
        let columns = names.len();
        let row = format!("({})", vec!["?"; columns].join(","));
        let text = |size| {
            let rows = vec![row.as_str(); size].join(",");
            let names = names.join(", ");
            format!("WITH given ({names}) AS (VALUES {rows}) {statement}")
        };
        Self {
            columns,
            texts: SIZES.map(text),
        }
    }

    /// The texts of all sizes, to look at their plans.
    #[cfg(test)]
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// Takes `rows` apart so that at most half of a text is padding.
    pub(crate) fn pieces<'r, T>(
        &'r self,
        rows: &'r [T],
    ) -> impl Iterator<Item = Piece<'r, T>> + Send
    where
        T: Sync,
    {
        let mut left = rows;
        std::iter::from_fn(move || {
            let (size, text) = SIZES
                .iter()
                .zip(&self.texts)
                .find(|(size, _)| left.len() * 2 > **size)?;
            let (rows, rest) = left.split_at(left.len().min(*size));
            left = rest;
            Some(Piece {
                text,
                rows,
                padding: (size - rows.len()) * self.columns,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_piece_and_texts_are_filled_up() {
        let bulk = Bulk::new(&["a", "b"], "SELECT a, b FROM given");
        for count in [0, 1, 4, 5, 8, 33, 300, 513, 1000] {
            let rows: Vec<usize> = (0..count).collect();
            let mut seen = Vec::new();
            for piece in bulk.pieces(&rows) {
                let bound = piece.rows.len() * 2 + piece.padding;
                assert_eq!(piece.text.matches('?').count(), bound);
                seen.extend_from_slice(piece.rows);
            }
            assert_eq!(seen, rows);
        }
        let smallest = bulk.texts().last().unwrap();
        assert!(smallest.ends_with("(VALUES (?,?)) SELECT a, b FROM given"));
    }
}
