use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row, query};
use votify_core::poll::PollState;
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{Page, PageRequest, PollStatus, Timestamp};

use super::read::{self, POLL, Statement};
use crate::error::Error;

/// A listing as SQL: which index serves it, the conditions, and their parameters.
#[derive(Debug)]
pub(super) struct Listing {
    index: String,
    order: &'static str,
    conditions: String,
    parameters: Vec<Parameter>,
}

#[derive(Debug, Clone)]
enum Parameter {
    Moment(i64),
    Text(String),
}

impl Listing {
    pub(super) fn new(filter: &PollFilter, now: Timestamp) -> Self {
        let now = Parameter::Moment(now.as_micros());
        let mut conditions = Vec::new();
        let mut parameters = Vec::new();
        let mut need = |condition: &'static str, given: Vec<Parameter>| {
            conditions.push(condition);
            parameters.extend(given);
        };
        match (filter.status, filter.sealed) {
            (Some(PollStatus::Closed), Some(false)) => need("closes_order <= ?", vec![now]),
            (Some(PollStatus::Closed), _) => {
                need("(sealed_at IS NOT NULL OR closes_order <= ?)", vec![now]);
            }
            (Some(PollStatus::Scheduled), _) => {
                need(
                    "sealed_at IS NULL AND closes_order > ? AND opens_at > ?",
                    vec![now.clone(), now],
                );
            }
            (Some(PollStatus::Open), _) => {
                need(
                    "sealed_at IS NULL AND closes_order > ? AND opens_at <= ?",
                    vec![now.clone(), now],
                );
            }
            (None, _) => {}
        }
        match filter.sealed {
            Some(true) => need("sealed_at IS NOT NULL", vec![]),
            Some(false) => need("sealed_at IS NULL", vec![]),
            None => {}
        }
        if let Some(category) = &filter.category {
            need("category = ?", vec![Parameter::Text(category.clone())]);
        }
        for word in &filter.words {
            need(
                "instr(title_search, ?) > 0",
                vec![Parameter::Text(word.clone())],
            );
        }
        let only_unsealed = filter.sealed == Some(false)
            || matches!(
                filter.status,
                Some(PollStatus::Open | PollStatus::Scheduled)
            );
        let (index, order) = match filter.order {
            PollOrder::Newest => ("newest", "created_at DESC, id DESC"),
            PollOrder::Closing => ("closing", "closes_order, id DESC"),
            PollOrder::Opening => ("opening", "opens_at, id DESC"),
            PollOrder::Trending => ("trending", "heat DESC, id DESC"),
        };
        let of = match filter.order {
            _ if filter.category.is_some() => "_category",
            PollOrder::Trending => "",
            _ if only_unsealed => "_unsealed",
            _ => "",
        };
        if conditions.is_empty() {
            conditions.push("true");
        }
        Self {
            index: format!("votify_polls_{index}{of}"),
            order,
            conditions: conditions.join(" AND "),
            parameters,
        }
    }

    /// Counts the polls of all pages.
    pub(super) fn count(&self) -> String {
        let Self {
            index, conditions, ..
        } = self;
        format!("SELECT count(*) FROM votify_polls p INDEXED BY {index} WHERE {conditions}")
    }

    /// Reads one page; its last two parameters are how many polls to take, and how many to skip.
    pub(super) fn page(&self) -> String {
        let Self {
            index,
            order,
            conditions,
            ..
        } = self;
        format!(
            "SELECT {POLL} FROM votify_polls p INDEXED BY {index} WHERE {conditions} ORDER BY {order} LIMIT ? OFFSET ?"
        )
    }

    fn bind(&self, statement: Statement) -> Statement {
        let bind = |statement: Statement, parameter: &Parameter| match parameter {
            Parameter::Moment(micros) => statement.bind(*micros),
            Parameter::Text(text) => statement.bind(text.clone()),
        };
        self.parameters.iter().fold(statement, bind)
    }

    /// Reads one page, and how many there are, on a connection that holds a snapshot.
    pub(super) async fn read(
        &self,
        connection: &mut SqliteConnection,
        page: &PageRequest,
    ) -> Result<Page<PollState>, Error> {
        let count = self.bind(query(AssertSqlSafe(self.count())));
        let total: i64 = count.fetch_one(&mut *connection).await?.try_get(0)?;
        let polls = self
            .bind(query(AssertSqlSafe(self.page())))
            .bind(page.limit())
            .bind(page.offset());
        let rows = polls.fetch_all(connection).await?;
        Ok(Page {
            items: rows.iter().filter_map(readable).collect(),
            total: u64::try_from(total).unwrap_or(0),
        })
    }
}

/// A poll that can be read. One that cannot must not take the whole listing with it: it is left out, and told of.
fn readable(row: &SqliteRow) -> Option<PollState> {
    read::poll(row)
        .inspect_err(
            |error| tracing::error!(%error, "a poll cannot be read, and is left out of a listing"),
        )
        .ok()
}
