//! Chooses whether a search reads the titles with a rare word, or the polls of the list
//! in order.

use super::query::{Listing, Source, word_range};
use super::sql_builder::SqlBuilder;
use crate::backend::{Backend, Call, Reply, Transaction, TransactionMode};
use crate::error::Error;
use crate::row_ext::RowExt;
use crate::row_set::Value;

/// The maximum of the first count of each word. Most searches have a word in at most this
/// many titles, and eight such counts take less than 1 ms.
const VERY_RARE: i64 = 100;
/// If the only word of a search is in at most this many titles, its polls are read and
/// sorted. Otherwise the polls of the list are read in order, and each title is searched.
/// Sorting 1 000 polls takes a few milliseconds, and so does reading 1 000 titles.
const RARE: i64 = 1_000;
/// Like [`RARE`], for the rarest of several words. Greater, because few titles may have
/// all the words, and the list is then read to its end: on PostgreSQL with 100 000 polls,
/// that takes 2 s, and reading and sorting 5 000 polls takes 75 ms.
const RARE_OF_SEVERAL: i64 = 5_000;

impl Listing<'_> {
    /// Begins a transaction, and chooses the source of the polls.
    pub(crate) async fn begin<B: Backend>(
        &self,
        backend: &B,
    ) -> Result<(B::Transaction, Source), Error> {
        let probe = self.probe(VERY_RARE).into_iter().collect();
        let (mut transaction, replies) = backend.begin(TransactionMode::Snapshot, probe).await?;
        match self.source(&mut transaction, replies).await {
            Ok(source) => Ok((transaction, source)),
            Err(error) => {
                transaction.abort(&error).await;
                Err(error)
            }
        }
    }

    /// Returns the call that counts the titles with each word, up to one more than `max`.
    /// Returns `None` without words, or with owners or an external reference: such polls
    /// are few.
    pub(super) fn probe(&self, max: i64) -> Option<Call> {
        let filter = self.filter;
        let is_narrow = !filter.owners.is_empty() || filter.external_ref.is_some();
        if filter.words.is_empty() || is_narrow {
            return None;
        }
        let mut sql = SqlBuilder::default();
        for (index, word) in filter.words.iter().enumerate() {
            sql.push(if index == 0 { "SELECT " } else { ", " });
            sql.push(
                "(SELECT count(*) FROM (SELECT 1 FROM votify_title_words \
                 WHERE word >= ? AND word < ? LIMIT ?) found)",
            );
            sql.params.extend(word_range(word));
            sql.params.push(Value::Integer(Some(max + 1)));
        }
        Some(sql.into_call(self.syntax))
    }

    /// Returns the rarest word if it is rare enough, and the index otherwise. `replies`
    /// has the reply of the first [`probe`](Self::probe).
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
}
