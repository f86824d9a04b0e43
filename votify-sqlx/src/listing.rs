//! Lists of polls as SQL, the same for every database.
//!
//! A list reads the ids of a page first, in the order of an index, and then the polls with
//! these ids.

use std::collections::HashMap;

use votify_core::poll::{PollState, Visibility};
use votify_core::store::{PollCount, PollCursor, PollFilter, PollOrder};
use votify_core::{Page, PageRequest, PollId, PollStatus, Timestamp};

use crate::backend::{Backend, Call, ListingSyntax, Reply, Transaction, TransactionMode};
use crate::decode;
use crate::error::Error;
use crate::row_ext::RowExt;
use crate::row_set::{Value, poll_rows};
use crate::statement::Statement;

/// The number of title words up to which each word of a search is counted first. Most
/// searches have a word this rare, and eight such counts take less than 1 ms.
const VERY_RARE: i64 = 100;
/// If the only word of a search has at most this many title words, its polls are read and
/// sorted. With more, the polls of the list are read in order, and each title is searched.
/// Sorting 1 000 polls takes a few milliseconds, as reading 1 000 titles does.
const RARE: i64 = 1_000;
/// Does the same as [`RARE`] for the rarest of several words. More than for one word,
/// because few titles with it may have the others too: on PostgreSQL with 100 000 polls,
/// 5 000 polls are read and sorted in 75 ms, and all titles are searched in 2 s.
const RARE_OF_SEVERAL: i64 = 5_000;

/// A filter and an order of polls at some moment, in the SQL of one database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing<'a> {
    filter: &'a PollFilter,
    now: Timestamp,
    syntax: ListingSyntax,
}

/// Where the polls of a statement are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// An index, in the order of the list if it has one for the filter.
    Index,
    /// The titles with this word of the filter.
    Word(usize),
}

/// Which polls of a list a statement reads. All polls after a cursor are its ties, then the
/// rest: one condition for both would keep some databases from using the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// Those with the sort key of the cursor.
    TiesAfter(PollCursor),
    /// Those with a sort key after that of the cursor.
    KeysAfter(PollCursor),
}

/// Reads one page, of one snapshot.
pub(crate) async fn list<B: Backend>(
    backend: &B,
    filter: &PollFilter,
    request: &PageRequest,
    now: Timestamp,
) -> Result<Page<PollState>, Error> {
    let empty = Page {
        items: Vec::new(),
        next: None,
    };
    let listing = Listing::new(filter, now, B::LISTING);
    if listing.matches_nothing() {
        return Ok(empty);
    }
    let probe = listing.probe(VERY_RARE).into_iter().collect();
    let (mut transaction, replies) = backend.begin(TransactionMode::Snapshot, probe).await?;
    let page = async {
        let source = listing.source(&mut transaction, replies).await?;
        listing.page(&mut transaction, source, request).await
    };
    let page = page.await;
    transaction.finish(page.map(|page| (page, false))).await
}

/// Counts the polls of a filter, up to [`PollCount::MAX`].
pub(crate) async fn count<B: Backend>(
    backend: &B,
    filter: &PollFilter,
    now: Timestamp,
) -> Result<PollCount, Error> {
    // The order in which the conditions on the status are a range of the index.
    let filter = &PollFilter {
        order: PollOrder::Closing,
        ..filter.clone()
    };
    let listing = Listing::new(filter, now, B::LISTING);
    if listing.matches_nothing() {
        return Ok(PollCount::default());
    }
    let probe = listing.probe(VERY_RARE).into_iter().collect();
    let (mut transaction, replies) = backend.begin(TransactionMode::Snapshot, probe).await?;
    let count = async {
        let source = listing.source(&mut transaction, replies).await?;
        let counted = transaction.run_one(listing.count_call(source)).await?;
        let count = counted.rows.first().ok_or(Error::MissingReply)?;
        let polls = u64::try_from(count.integer(0)?).unwrap_or(0);
        Ok((PollCount::capped(polls), false))
    };
    let count = count.await;
    transaction.finish(count).await
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
    fn matches_nothing(&self) -> bool {
        let PollFilter {
            external_ref,
            category,
            words,
            ..
        } = self.filter;
        let mut texts = external_ref.iter().chain(category).chain(words);
        texts.any(|text| text.contains('\0'))
    }

    /// Returns the call that counts the titles with each word, up to one more than `max`,
    /// if the search may start there. The polls of an owner or with an external reference
    /// are few.
    fn probe(&self, max: i64) -> Option<Call> {
        let PollFilter {
            owners,
            external_ref,
            words,
            ..
        } = self.filter;
        if words.is_empty() || !owners.is_empty() || external_ref.is_some() {
            return None;
        }
        let mut sql = Sql::default();
        for (index, word) in words.iter().enumerate() {
            sql.push(if index == 0 { "SELECT " } else { ", " });
            sql.push(
                "(SELECT count(*) FROM (SELECT 1 FROM votify_title_words \
                 WHERE word >= ? AND word < ? LIMIT ?) found)",
            );
            sql.params.extend(prefix_range(word));
            sql.params.push(Value::Integer(Some(max + 1)));
        }
        Some(sql.into_call(self.syntax))
    }

    /// Returns where to start, from the reply of the first [`probe`](Self::probe): at the
    /// rarest word, if it is rare enough.
    async fn source<T: Transaction>(
        &self,
        transaction: &mut T,
        replies: Vec<Reply<T::Row>>,
    ) -> Result<Source, Error> {
        let Some(first) = replies.into_iter().next() else {
            return Ok(Source::Index);
        };
        if let Some(word) = self.rarest_word(&first, VERY_RARE)? {
            return Ok(Source::Word(word));
        }
        let max = match self.filter.words.len() {
            1 => RARE,
            _ => RARE_OF_SEVERAL,
        };
        let Some(probe) = self.probe(max) else {
            return Ok(Source::Index);
        };
        let second = transaction.run_one(probe).await?;
        let word = self.rarest_word(&second, max)?;
        Ok(word.map_or(Source::Index, Source::Word))
    }

    /// Returns the word with the fewest titles, if they are at most `max`.
    fn rarest_word<R: RowExt>(&self, probe: &Reply<R>, max: i64) -> Result<Option<usize>, Error> {
        let row = probe.rows.first().ok_or(Error::MissingReply)?;
        let mut rarest = None;
        for word in 0..self.filter.words.len() {
            let titles = row.integer(word)?;
            if titles <= rarest.map_or(max, |(fewest, _)| fewest) {
                rarest = Some((titles, word));
            }
        }
        Ok(rarest.map(|(_, word)| word))
    }

    async fn page<T: Transaction>(
        &self,
        transaction: &mut T,
        source: Source,
        request: &PageRequest,
    ) -> Result<Page<PollState>, Error> {
        let limit = request.limit();
        let mut offset = request.offset();
        loop {
            let mut ids = self
                .ids(transaction, source, request.cursor(), limit + 1, offset)
                .await?;
            let has_more = ids.len() > usize::try_from(limit).unwrap_or(usize::MAX);
            if has_more {
                ids.pop();
            }
            let items = read(transaction, &ids).await?;
            // Corrupt polls are left out. A page of nothing else would end the list.
            if items.is_empty() && has_more {
                offset += limit;
                continue;
            }
            let last = items.last().filter(|_| has_more);
            return Ok(Page {
                next: last.map(|last| PollCursor::of(last, self.filter)),
                items,
            });
        }
    }

    /// Returns up to `limit` ids of the list, after skipping `offset`.
    async fn ids<T: Transaction>(
        &self,
        transaction: &mut T,
        source: Source,
        cursor: Option<PollCursor>,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<PollId>, Error> {
        let Some(cursor) = cursor else {
            let call = self.ids_call(source, Part::All, limit, offset);
            return read_ids(transaction, call).await;
        };
        let wanted = limit + offset;
        let ties = self.ids_call(source, Part::TiesAfter(cursor), wanted, 0);
        let mut ids = read_ids(transaction, ties).await?;
        let found = u32::try_from(ids.len()).unwrap_or(wanted);
        if found < wanted {
            let rest = self.ids_call(source, Part::KeysAfter(cursor), wanted - found, 0);
            ids.extend(read_ids(transaction, rest).await?);
        }
        Ok(ids.split_off(ids.len().min(usize::try_from(offset).unwrap_or(usize::MAX))))
    }

    /// Returns the call that reads ids in the order of the list.
    pub(crate) fn ids_call(&self, source: Source, part: Part, limit: u32, offset: u32) -> Call {
        let mut sql = Sql::default();
        let (key, id) = self.sort_columns();
        sql.push(&format!("SELECT {id} FROM "));
        self.push_polls(&mut sql, source);
        match part {
            Part::All => {}
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
                sql.and(&format!("{key} {after} ?"), [self.key_value(cursor.key())]);
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
    pub(crate) fn count_call(&self, source: Source) -> Call {
        let mut sql = Sql::default();
        sql.push("SELECT count(*) FROM (SELECT 1 FROM ");
        self.push_polls(&mut sql, source);
        sql.push(" LIMIT ?) found");
        let limit = i64::from(PollCount::MAX) + 1;
        sql.params.push(Value::Integer(Some(limit)));
        sql.into_call(self.syntax)
    }

    /// Adds the tables, and the conditions of the filter.
    fn push_polls(&self, sql: &mut Sql, source: Source) {
        let PollFilter {
            visibility,
            status,
            sealed,
            owners,
            external_ref,
            category,
            words,
            order,
        } = self.filter;
        let is_trending = *order == PollOrder::Trending;
        let tables = if is_trending {
            self.syntax.trending
        } else {
            self.syntax.polls
        };
        let first = match source {
            Source::Index => None,
            Source::Word(word) => words.get(word),
        };
        match first {
            Some(word) => {
                sql.push(tables.with_word);
                sql.params.extend(prefix_range(word));
            }
            None => sql.push(&tables.all.replace("{index}", &self.index())),
        }
        // Constants, because partial indexes do not apply to parameters.
        let column = if is_trending {
            self.syntax.trending_visibility
        } else {
            "p.visibility"
        };
        match visibility {
            Some(Visibility::Public) => sql.and(&format!("{column} = 'public'"), []),
            Some(Visibility::Unlisted) => sql.and(&format!("{column} = 'unlisted'"), []),
            None => {}
        }
        if let Some(status) = status {
            self.push_status(sql, *status, *sealed);
        }
        match sealed {
            Some(true) => sql.and("p.sealed_at IS NOT NULL", []),
            Some(false) => sql.and("p.sealed_at IS NULL", []),
            None => {}
        }
        if !owners.is_empty() {
            let places = vec!["?"; owners.len()].join(", ");
            let owners = owners.iter().map(|owner| Value::id(owner.as_bytes()));
            sql.and(&format!("p.owner_id IN ({places})"), owners);
        }
        for (column, text) in [("external_ref", external_ref), ("category", category)] {
            if let Some(text) = text {
                let text = Value::Text(Some(text.clone()));
                sql.and(&format!("p.{column} = ?"), [text]);
            }
        }
        for word in words.iter().filter(|word| Some(*word) != first) {
            sql.and(self.syntax.has_word, prefix_range(word));
        }
    }

    fn push_status(&self, sql: &mut Sql, status: PollStatus, sealed: Option<bool>) {
        let now = || Value::time(self.now);
        let closing = (self.syntax.closing_value)(self.now.as_micros());
        let has_ballots = self.syntax.has_ballots;
        match status {
            PollStatus::Closed if sealed == Some(false) => {
                sql.and("p.closing_order <= ?", [closing]);
            }
            PollStatus::Closed => {
                let closed = "(p.sealed_at IS NOT NULL OR p.closing_order <= ?)";
                sql.and(closed, [closing]);
            }
            PollStatus::Scheduled => {
                let unsealed = "p.sealed_at IS NULL AND p.closing_order > ?";
                sql.and(unsealed, [closing]);
                sql.and(&format!("p.opens_at > ? AND NOT {has_ballots}"), [now()]);
            }
            PollStatus::Open => {
                let unsealed = "p.sealed_at IS NULL AND p.closing_order > ?";
                sql.and(unsealed, [closing]);
                let open = format!("(p.opens_at IS NULL OR p.opens_at <= ? OR {has_ballots})");
                sql.and(&open, [now()]);
            }
        }
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

    /// Returns the name of the index for the list, without its prefix `votify_polls_`.
    pub(crate) fn index(&self) -> String {
        let PollFilter {
            visibility,
            status,
            sealed,
            owners,
            external_ref,
            category,
            order,
            ..
        } = self.filter;
        let is_unsealed = *sealed == Some(false)
            || matches!(status, Some(PollStatus::Open | PollStatus::Scheduled));
        let name = match order {
            PollOrder::Newest => "newest",
            PollOrder::Closing => "closing",
            PollOrder::Opening => "opening",
            PollOrder::Trending => "trending",
        };
        let is_public = *visibility == Some(Visibility::Public);
        if external_ref.is_some() {
            "external_ref".into()
        } else if !owners.is_empty() {
            "owner".into()
        } else if is_public && category.is_some() {
            format!("{name}_category")
        } else if is_public && is_unsealed {
            format!("{name}_unsealed")
        } else if is_public {
            format!("{name}_public")
        } else if is_unsealed && *order == PollOrder::Closing {
            "due".into()
        } else {
            name.into()
        }
    }
}

async fn read_ids<T: Transaction>(transaction: &mut T, call: Call) -> Result<Vec<PollId>, Error> {
    let reply = transaction.run_one(call).await?;
    let ids = reply.rows.iter().map(|row| decode::poll_id(row, 0));
    ids.collect()
}

/// Reads polls in the order of their ids. A corrupt poll is logged and left out, so that the
/// other polls can still be listed.
async fn read<T: Transaction>(
    transaction: &mut T,
    ids: &[PollId],
) -> Result<Vec<PollState>, Error> {
    let call = Call::Rows(Statement::ReadPolls, poll_rows(ids));
    let rows = transaction.run_one(call).await?.rows;
    let mut states = HashMap::new();
    for (id, state) in decode::polls(&rows)? {
        match state {
            Ok(state) => drop(states.insert(id, state)),
            Err(error) => tracing::error!(%error, "left a corrupt poll out of a list"),
        }
    }
    Ok(ids.iter().filter_map(|id| states.remove(id)).collect())
}

fn clamped(micros: i64) -> Timestamp {
    let bound = if micros < 0 {
        Timestamp::EPOCH
    } else {
        Timestamp::MAX
    };
    Timestamp::from_micros(micros).unwrap_or(bound)
}

/// Returns the smallest text with a prefix, and a text after all others with the prefix, in
/// the order of bytes.
fn prefix_range(prefix: &str) -> [Value; 2] {
    [prefix.to_owned(), after_prefix(prefix)].map(|text| Value::Text(Some(text)))
}

/// Returns the prefix with its last character replaced by the next one. The order of
/// characters is that of their bytes in UTF-8.
fn after_prefix(prefix: &str) -> String {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return chars.into_iter().collect();
        }
    }
    // No word consists of this character, which Unicode assigns to nothing.
    char::MAX.to_string().repeat(2 + prefix.chars().count())
}

/// A statement in which `?` stands for each parameter.
#[derive(Debug, Default)]
struct Sql {
    text: String,
    params: Vec<Value>,
    has_conditions: bool,
}

impl Sql {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a condition and its parameters.
    fn and(&mut self, condition: &str, params: impl IntoIterator<Item = Value>) {
        self.push(if self.has_conditions {
            " AND "
        } else {
            " WHERE "
        });
        self.push(condition);
        self.params.extend(params);
        self.has_conditions = true;
    }

    fn into_call(self, syntax: ListingSyntax) -> Call {
        let mut pieces = self.text.split('?');
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (number, piece) in (1..).zip(pieces) {
            text.push_str(&(syntax.placeholder)(number));
            text.push_str(piece);
        }
        Call::Listing(text, self.params)
    }
}

/// Returns filters of each order with each status, seal, visibility, narrowing filter, and
/// with and without words.
#[cfg(test)]
pub(crate) fn all_filters() -> Vec<PollFilter> {
    use PollStatus::{Closed, Open, Scheduled};
    let statuses = [
        (None, None),
        (None, Some(true)),
        (None, Some(false)),
        (Some(Scheduled), None),
        (Some(Open), None),
        (Some(Closed), None),
        (Some(Closed), Some(false)),
    ];
    let public = Some(Visibility::Public);
    let owner = |id| votify_core::voter::OwnerId::from_bytes([id; 16]);
    let narrowed =
        |visibility, category: Option<&str>, external_ref: Option<&str>, owners| PollFilter {
            visibility,
            category: category.map(str::to_owned),
            external_ref: external_ref.map(str::to_owned),
            owners,
            ..PollFilter::all()
        };
    let narrowed = [
        narrowed(public, None, None, vec![]),
        narrowed(None, None, None, vec![]),
        narrowed(Some(Visibility::Unlisted), None, None, vec![]),
        narrowed(public, Some("food"), None, vec![]),
        narrowed(None, None, None, vec![owner(1)]),
        narrowed(None, None, None, vec![owner(1), owner(2)]),
        narrowed(None, None, Some("meeting"), vec![]),
    ];
    let mut filters = Vec::new();
    for filter in narrowed {
        for order in PollOrder::ALL {
            for (status, sealed) in statuses {
                for words in [vec![], vec!["lunch".to_owned(), "on".to_owned()]] {
                    filters.push(PollFilter {
                        status,
                        sealed,
                        words,
                        order,
                        ..filter.clone()
                    });
                }
            }
        }
    }
    filters
}

/// Returns the calls that read the ids of a list: of its first page, of a page after a
/// cursor, and of its count.
#[cfg(test)]
pub(crate) fn all_calls(filter: &PollFilter, syntax: ListingSyntax) -> Vec<(Source, Call)> {
    let cursor = format!("{}{}", "0".repeat(32), "1".repeat(32));
    let cursor = cursor.parse().unwrap();
    let listing = Listing::new(filter, Timestamp::EPOCH, syntax);
    let mut sources = vec![Source::Index];
    if listing.probe(VERY_RARE).is_some() {
        sources.push(Source::Word(0));
    }
    let mut calls = Vec::new();
    for source in sources {
        for part in [Part::All, Part::TiesAfter(cursor), Part::KeysAfter(cursor)] {
            calls.push((source, listing.ids_call(source, part, 21, 0)));
        }
        calls.push((source, listing.count_call(source)));
    }
    calls
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
        has_word: "has(?, ?)",
        has_ballots: "has_ballots",
        closing_value: |micros| Value::Integer(Some(micros)),
        placeholder: |number| format!("${number}"),
    };

    #[test]
    fn each_word_is_counted_up_to_a_limit() {
        let filter = PollFilter {
            words: vec!["lunch".into(), "on".into()],
            ..PollFilter::default()
        };
        let probe = |filter: &PollFilter| {
            let listing = Listing::new(filter, Timestamp::EPOCH, SYNTAX);
            listing.probe(VERY_RARE).map(text)
        };
        let (sql, params) = probe(&filter).unwrap();
        assert_eq!(
            sql,
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM votify_title_words \
             WHERE word >= $1 AND word < $2 LIMIT $3) found), \
             (SELECT count(*) FROM (SELECT 1 FROM votify_title_words \
             WHERE word >= $4 AND word < $5 LIMIT $6) found)"
        );
        assert_eq!(params, 6);
        let narrow = PollFilter {
            external_ref: Some("meeting".into()),
            ..filter
        };
        assert_eq!(probe(&narrow), None);
        assert_eq!(probe(&PollFilter::default()), None);
    }

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
            words: vec!["lunch".into(), "on".into()],
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
        assert!(count.ends_with(" LIMIT $8) found"), "{count}");
        assert_eq!(params, 8);
    }

    #[test]
    fn a_prefix_range_has_exactly_the_words_with_the_prefix() {
        for (prefix, inside, outside) in [
            ("lun", "lunch", "luo"),
            ("z", "z\u{10FFFF}", "{"),
            ("a\u{D7FF}", "a\u{D7FF}b", "a\u{E000}"),
            ("a\u{10FFFF}", "a\u{10FFFF}b", "b"),
            ("\u{10FFFF}", "\u{10FFFF}b", ""),
        ] {
            let end = after_prefix(prefix);
            let range = prefix..end.as_str();
            assert!(
                range.contains(&prefix) && range.contains(&inside),
                "{prefix}"
            );
            assert!(!range.contains(&outside), "{prefix}");
        }
    }
}
