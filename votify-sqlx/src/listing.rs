//! Listings of polls as SQL, the same for every database.

use votify_core::poll::PollState;
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{Page, PageRequest, PollStatus, Timestamp};

use crate::backend::{Backend, Call, ListingSyntax, Transaction, TransactionMode};
use crate::decode;
use crate::error::Error;
use crate::row_ext::RowExt;
use crate::row_set::Value;

/// A filter and an order of polls.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The name of the index, without its prefix `votify_polls_`.
    index: String,
    order: &'static str,
    conditions: Vec<Condition>,
    params: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// SQL with a `?` for each parameter, and [`CLOSING_TIME`] for each time that is
    /// compared with `closing_order`.
    Sql(&'static str),
    /// The title contains the parameter.
    TitleContains,
}

/// The marker of [`ListingSyntax::closing_time`].
const CLOSING_TIME: &str = "{closing_time}";

/// Reads one page and the total number of polls, of one snapshot.
pub(crate) async fn list<B: Backend>(
    backend: &B,
    listing: &Listing,
    page: &PageRequest,
) -> Result<Page<PollState>, Error> {
    let mut params = listing.params.clone();
    params.push(Value::Integer(Some(page.limit().into())));
    params.push(Value::Integer(Some(page.offset().into())));
    let calls = vec![
        Call::Listing(listing.count_sql(B::LISTING), listing.params.clone()),
        Call::Listing(listing.page_sql(B::LISTING), params),
    ];
    let (transaction, replies) = backend.begin(TransactionMode::Snapshot, calls).await?;
    transaction.rollback().await;
    let [count, polls] = replies.as_slice() else {
        return Err(Error::MissingReply);
    };
    let total = count.rows.first().ok_or(Error::MissingReply)?;
    Ok(Page {
        items: polls.rows.iter().filter_map(decode::listed_poll).collect(),
        total: u64::try_from(total.integer(0)?).unwrap_or(0),
    })
}

impl Listing {
    pub(crate) fn new(filter: &PollFilter, now: Timestamp) -> Self {
        let mut listing = Self {
            index: index(filter),
            order: order(filter.order),
            conditions: Vec::new(),
            params: Vec::new(),
        };
        match (filter.status, filter.sealed) {
            (Some(PollStatus::Closed), Some(false)) => {
                listing.and_where("closing_order <= {closing_time}", &[now]);
            }
            (Some(PollStatus::Closed), _) => {
                let closed = "(sealed_at IS NOT NULL OR closing_order <= {closing_time})";
                listing.and_where(closed, &[now]);
            }
            (Some(PollStatus::Scheduled), _) => listing.and_where(
                "sealed_at IS NULL AND closing_order > {closing_time} AND opens_at > ?",
                &[now, now],
            ),
            (Some(PollStatus::Open), _) => listing.and_where(
                "sealed_at IS NULL AND closing_order > {closing_time} AND opens_at <= ?",
                &[now, now],
            ),
            (None, _) => {}
        }
        match filter.sealed {
            Some(true) => listing.and_where("sealed_at IS NOT NULL", &[]),
            Some(false) => listing.and_where("sealed_at IS NULL", &[]),
            None => {}
        }
        if let Some(category) = &filter.category {
            listing.and_where("category = ?", &[]);
            listing.params.push(Value::Text(Some(category.clone())));
        }
        for word in &filter.words {
            listing.conditions.push(Condition::TitleContains);
            listing.params.push(Value::Text(Some(word.clone())));
        }
        listing
    }

    fn and_where(&mut self, condition: &'static str, times: &[Timestamp]) {
        self.conditions.push(Condition::Sql(condition));
        self.params.extend(times.iter().copied().map(Value::time));
    }

    #[cfg(test)]
    pub(crate) fn index(&self) -> &str {
        &self.index
    }

    /// Returns the parameters of the conditions.
    #[cfg(test)]
    pub(crate) fn params(&self) -> &[Value] {
        &self.params
    }

    /// Returns the statement that counts the polls of all pages.
    pub(crate) fn count_sql(&self, syntax: ListingSyntax) -> String {
        let (conditions, _) = self.conditions(syntax);
        let from = syntax.count_from.replace("{index}", &self.index);
        format!("SELECT count(*) FROM {from} WHERE {conditions}")
    }

    /// Returns the statement that reads one page. Its last two parameters are the number
    /// of polls to read and to skip.
    pub(crate) fn page_sql(&self, syntax: ListingSyntax) -> String {
        let (conditions, next) = self.conditions(syntax);
        let from = syntax.from.replace("{index}", &self.index);
        let (select, order) = (syntax.select, self.order);
        let (limit, offset) = ((syntax.placeholder)(next), (syntax.placeholder)(next + 1));
        format!(
            "{select} FROM {from} WHERE {conditions} ORDER BY {order} LIMIT {limit} OFFSET {offset}"
        )
    }

    /// Returns the conditions as SQL, and the number of the parameter after their last
    /// one.
    fn conditions(&self, syntax: ListingSyntax) -> (String, usize) {
        let mut number = 1;
        let mut texts = Vec::new();
        for condition in &self.conditions {
            let text = match condition {
                Condition::Sql(text) => text.replace(CLOSING_TIME, syntax.closing_time),
                Condition::TitleContains => format!("{}(title_search_key, ?) > 0", syntax.find),
            };
            let mut pieces = text.split('?');
            let mut numbered = pieces.next().unwrap_or_default().to_owned();
            for piece in pieces {
                numbered.push_str(&(syntax.placeholder)(number));
                numbered.push_str(piece);
                number += 1;
            }
            texts.push(numbered);
        }
        if texts.is_empty() {
            texts.push("true".into());
        }
        (texts.join(" AND "), number)
    }
}

const fn order(order: PollOrder) -> &'static str {
    match order {
        PollOrder::Newest => "created_at DESC, id DESC",
        PollOrder::Closing => "closing_order, id DESC",
        PollOrder::Opening => "opens_at, id DESC",
        PollOrder::Trending => "trending_rank DESC, id DESC",
    }
}

fn index(filter: &PollFilter) -> String {
    let only_unsealed = filter.sealed == Some(false)
        || matches!(
            filter.status,
            Some(PollStatus::Open | PollStatus::Scheduled)
        );
    let order = match filter.order {
        PollOrder::Newest => "newest",
        PollOrder::Closing => "closing",
        PollOrder::Opening => "opening",
        PollOrder::Trending => "trending",
    };
    let subset = match filter.category {
        Some(_) => "_category",
        None if only_unsealed => "_unsealed",
        None => "",
    };
    format!("{order}{subset}")
}

/// Returns a filter for each combination of order, status, seal and category.
#[cfg(test)]
pub(crate) fn all_filters() -> Vec<PollFilter> {
    use PollOrder::{Closing, Newest, Opening, Trending};
    use PollStatus::{Closed, Open, Scheduled};
    let mut filters = Vec::new();
    for order in [Newest, Closing, Opening, Trending] {
        for status in [None, Some(Scheduled), Some(Open), Some(Closed)] {
            for sealed in [None, Some(true), Some(false)] {
                for category in [None, Some("food".to_owned())] {
                    let words = vec!["lunch".to_owned()];
                    filters.push(PollFilter {
                        status,
                        sealed,
                        category,
                        words,
                        order,
                    });
                }
            }
        }
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_order() {
        let filter = PollFilter {
            status: Some(PollStatus::Open),
            category: Some("food".into()),
            words: vec!["lunch".into()],
            ..PollFilter::default()
        };
        let listing = Listing::new(&filter, Timestamp::EPOCH);
        let syntax = ListingSyntax {
            select: "SELECT title",
            from: "votify_polls",
            count_from: "votify_polls INDEXED BY votify_polls_{index}",
            placeholder: |number| format!("${number}"),
            find: "strpos",
            closing_time: "?",
        };
        let conditions = "sealed_at IS NULL AND closing_order > $1 AND opens_at <= $2 \
            AND category = $3 AND strpos(title_search_key, $4) > 0";
        assert_eq!(
            listing.count_sql(syntax),
            format!(
                "SELECT count(*) FROM votify_polls INDEXED BY votify_polls_newest_category WHERE {conditions}"
            )
        );
        assert_eq!(
            listing.page_sql(syntax),
            format!(
                "SELECT title FROM votify_polls WHERE {conditions} \
                 ORDER BY created_at DESC, id DESC LIMIT $5 OFFSET $6"
            )
        );
        assert_eq!(listing.params.len(), 4);
    }
}
