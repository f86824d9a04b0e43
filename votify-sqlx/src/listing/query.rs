//! The statements of a list as SQL.

use votify_core::store::{PollCount, PollCursor, PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};

use super::prefix::prefix_range;
use super::sql_builder::SqlBuilder;
use crate::backend::{Call, ListingSyntax};
use crate::row_set::Value;

/// A filter and an order of polls at one time, for the SQL of one database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing<'a> {
    pub(super) filter: &'a PollFilter,
    pub(super) now: Timestamp,
    pub(super) syntax: ListingSyntax,
}

/// The index from which a statement reads polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// An index of polls, in the order of the list if the filter has such an index.
    Index,
    /// The index of title words, for the filter's word with this number.
    Word(usize),
}

/// The polls of a list that a statement reads. The polls after a cursor are read with two
/// statements: with one condition for both, some databases would not use the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// Those after the cursor that have its sort key.
    TiesAfter(PollCursor),
    /// Those with a sort key after that of the cursor.
    KeysAfter(PollCursor),
}

impl<'a> Listing<'a> {
    pub(crate) const fn new(filter: &'a PollFilter, now: Timestamp, syntax: ListingSyntax) -> Self {
        Self {
            filter,
            now,
            syntax,
        }
    }

    /// Returns true if no poll can match. Polls contain no NUL, which PostgreSQL rejects.
    pub(super) fn matches_nothing(&self) -> bool {
        let PollFilter {
            external_ref,
            category,
            words,
            ..
        } = self.filter;
        let mut texts = external_ref.iter().chain(category).chain(words);
        texts.any(|text| text.contains('\0'))
    }

    /// Returns a word of the filter. Every text begins with the empty word, which stands
    /// for an index out of range.
    pub(super) fn word(&self, index: usize) -> &'a str {
        self.filter.words.get(index).map_or("", String::as_str)
    }

    /// Returns the call that reads ids in the order of the list.
    pub(crate) fn ids_call(&self, source: Source, part: Part, limit: u32, offset: u32) -> Call {
        let mut sql = SqlBuilder::default();
        let (key, id) = self.sort_columns();
        sql.push(&format!("SELECT {id} FROM "));
        self.push_polls(&mut sql, source);
        match part {
            Part::All => {
                if let Some(min) = self.min_key() {
                    sql.and(&format!("{key} > ?"), [self.key_value(min)]);
                }
            }
            Part::TiesAfter(cursor) => {
                sql.and(&format!("{key} = ?"), [self.key_value(cursor.key())]);
                sql.and(&format!("{id} < ?"), [Value::id(cursor.id().as_bytes())]);
            }
            Part::KeysAfter(cursor) => {
                let after = if self.filter.order.is_descending() {
                    '<'
                } else {
                    '>'
                };
                // One condition: with two, SQLite may start at the lower key.
                let start = self
                    .min_key()
                    .map_or(cursor.key(), |min| min.max(cursor.key()));
                sql.and(&format!("{key} {after} ?"), [self.key_value(start)]);
            }
        }
        let direction = if self.filter.order.is_descending() {
            " DESC"
        } else {
            ""
        };
        sql.push(&format!(
            " ORDER BY {key}{direction}, {id} DESC LIMIT ? OFFSET ?"
        ));
        let numbers = [limit, offset].map(|number| Value::Integer(Some(number.into())));
        sql.params.extend(numbers);
        sql.into_call(self.syntax)
    }

    /// Returns the call that counts the polls, up to one more than the maximum.
    pub(super) fn count_call(&self, source: Source) -> Call {
        let mut sql = SqlBuilder::default();
        sql.push("SELECT count(*) FROM (SELECT 1 FROM ");
        self.push_polls(&mut sql, source);
        sql.push(" LIMIT ?) found");
        let limit = i64::from(PollCount::MAX) + 1;
        sql.params.push(Value::Integer(Some(limit)));
        sql.into_call(self.syntax)
    }

    /// Returns a sort key that all polls of the list exceed, if its status implies one.
    /// Without this condition, scheduled polls by opening time would be searched for among
    /// all polls that have opened.
    fn min_key(&self) -> Option<i64> {
        let is_scheduled = self.filter.status == Some(PollStatus::Scheduled);
        (is_scheduled && self.filter.order == PollOrder::Opening).then(|| self.now.as_micros())
    }

    /// Returns the columns of the sort key and of the id.
    const fn sort_columns(&self) -> (&'static str, &'static str) {
        match self.filter.order {
            PollOrder::Newest => ("p.created_at", "p.id"),
            PollOrder::Closing => ("p.closing_order", "p.id"),
            PollOrder::Opening => ("p.opening_order", "p.id"),
            PollOrder::Trending => (self.syntax.trending_rank, self.syntax.trending_id),
        }
    }

    /// Returns a sort key as a parameter. Clients can make up a cursor, so a time may be
    /// out of range.
    fn key_value(&self, key: i64) -> Value {
        match self.filter.order {
            PollOrder::Trending => Value::Integer(Some(key)),
            PollOrder::Closing if key == i64::MAX => (self.syntax.closing_value)(key),
            PollOrder::Closing => (self.syntax.closing_value)(clamped(key).as_micros()),
            PollOrder::Newest | PollOrder::Opening => Value::time(clamped(key)),
        }
    }
}

fn clamped(micros: i64) -> Timestamp {
    let bound = if micros < 0 {
        Timestamp::EPOCH
    } else {
        Timestamp::MAX
    };
    Timestamp::from_micros(micros).unwrap_or(bound)
}

/// Returns the range of the words that begin with a word.
pub(super) fn word_range(word: &str) -> [Value; 2] {
    prefix_range(word).map(|text| Value::Text(Some(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNTAX: ListingSyntax = ListingSyntax {
        polls: crate::backend::ListedTables {
            all: "polls p INDEXED BY {index}",
            with_word: "words w JOIN polls p ON w.word >= ? AND w.word < ?",
        },
        trending: crate::backend::ListedTables {
            all: "tallies t",
            with_word: "words w JOIN tallies t ON w.word >= ? AND w.word < ?",
        },
        trending_rank: "t.trending_rank",
        trending_id: "t.poll_id",
        trending_visibility: "t.visibility",
        trending_unsealed: "NOT t.is_sealed",
        has_word: "has(?, ?)",
        has_ballots: "has_ballots",
        closing_value: |micros| Value::Integer(Some(micros)),
        placeholder: |number| format!("${number}"),
    };

    fn text(call: Call) -> (String, usize) {
        let Call::Listing(text, params) = call else {
            panic!("{call:?}");
        };
        (text, params.len())
    }

    #[test]
    fn parameters_are_numbered_in_order() {
        let filter = PollFilter {
            status: Some(PollStatus::Open),
            category: Some("food".into()),
            words: vec!["lunch".into()],
            ..PollFilter::default()
        };
        let listing = Listing::new(&filter, Timestamp::EPOCH, SYNTAX);
        let (page, params) = text(listing.ids_call(Source::Word(0), Part::All, 21, 0));
        assert_eq!(
            page,
            "SELECT p.id FROM words w JOIN polls p ON w.word >= $1 AND w.word < $2 \
             WHERE p.visibility = 'public' AND p.sealed_at IS NULL AND p.closing_order > $3 \
             AND (p.opens_at IS NULL OR p.opens_at <= $4 OR has_ballots) AND p.category = $5 \
             AND has($6, $7) ORDER BY p.created_at DESC, p.id DESC LIMIT $8 OFFSET $9"
        );
        assert_eq!(params, 9);
        let (count, params) = text(listing.count_call(Source::Index));
        assert!(count.starts_with(
            "SELECT count(*) FROM (SELECT 1 FROM polls p INDEXED BY newest_category "
        ));
        assert!(count.ends_with(" LIMIT $6) found"), "{count}");
        assert_eq!(params, 6);
    }
}
