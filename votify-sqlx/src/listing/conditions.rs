//! The tables and conditions of a list.

use votify_core::PollStatus;
use votify_core::poll::Visibility;
use votify_core::store::{PollFilter, PollOrder};

use super::index::index;
use super::query::{Listing, Source, word_range};
use super::sql_builder::SqlBuilder;
use crate::row_set::Value;

impl Listing<'_> {
    /// Adds the tables, and the conditions of the filter.
    pub(super) fn push_polls(&self, sql: &mut SqlBuilder, source: Source) {
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
        match source {
            Source::Word(word) => {
                sql.push(tables.with_word);
                sql.params.extend(word_range(self.word(word)));
            }
            Source::Index => sql.push(&tables.all.replace("{index}", &index(self.filter))),
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
            Some(false) => sql.and(self.unsealed(), []),
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
        for word in words {
            sql.and(self.syntax.has_word, word_range(word));
        }
    }

    const fn unsealed(&self) -> &'static str {
        match self.filter.order {
            PollOrder::Trending => self.syntax.trending_unsealed,
            _ => "p.sealed_at IS NULL",
        }
    }

    fn push_status(&self, sql: &mut SqlBuilder, status: PollStatus, sealed: Option<bool>) {
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
                sql.and(self.unsealed(), []);
                sql.and("p.closing_order > ?", [closing]);
                sql.and(&format!("p.opens_at > ? AND NOT {has_ballots}"), [now()]);
            }
            PollStatus::Open => {
                sql.and(self.unsealed(), []);
                sql.and("p.closing_order > ?", [closing]);
                let open = format!("(p.opens_at IS NULL OR p.opens_at <= ? OR {has_ballots})");
                sql.and(&open, [now()]);
            }
        }
    }
}
