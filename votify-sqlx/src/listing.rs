//! Listings of polls as conditions, the same on every database.

use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};

use crate::error::Error;
use crate::parameters::Parameters;

/// Which polls, in which order, and the index that has them so.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Of the names that every schema gives its indexes, without the `votify_polls_` that they begin with.
    pub(crate) index: String,
    pub(crate) order: &'static str,
    conditions: Vec<Condition>,
    parameters: Vec<Parameter>,
}

/// Columns are named without their tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// A text with a `?` where a parameter goes, or [`END`] where a moment is compared with `closes_order`.
    Of(&'static str),
    /// The title holds the parameter.
    Word,
}

/// Stands for [`Syntax::end`].
const END: &str = "{end}";

#[derive(Debug)]
enum Parameter {
    Moment(Timestamp),
    Text(String),
}

/// What a database writes in its own way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Syntax {
    /// The place of a parameter, counted from 1.
    pub(crate) place: fn(usize) -> String,
    /// The function that tells where in its first argument the second one begins, 0 for nowhere.
    pub(crate) search: &'static str,
    /// What `closes_order` is compared with: a text with a `?` where the moment goes.
    pub(crate) end: &'static str,
}

/// Parameters that are all written alike.
pub(crate) fn question_mark(_: usize) -> String {
    "?".into()
}

impl Listing {
    pub(crate) fn new(filter: &PollFilter, now: Timestamp) -> Self {
        let mut listing = Self {
            index: index(filter),
            order: order(filter.order),
            conditions: Vec::new(),
            parameters: Vec::new(),
        };
        match (filter.status, filter.sealed) {
            (Some(PollStatus::Closed), Some(false)) => {
                listing.need("closes_order <= {end}", &[now]);
            }
            (Some(PollStatus::Closed), _) => {
                listing.need("(sealed_at IS NOT NULL OR closes_order <= {end})", &[now]);
            }
            (Some(PollStatus::Scheduled), _) => listing.need(
                "sealed_at IS NULL AND closes_order > {end} AND opens_at > ?",
                &[now, now],
            ),
            (Some(PollStatus::Open), _) => listing.need(
                "sealed_at IS NULL AND closes_order > {end} AND opens_at <= ?",
                &[now, now],
            ),
            (None, _) => {}
        }
        match filter.sealed {
            Some(true) => listing.need("sealed_at IS NOT NULL", &[]),
            Some(false) => listing.need("sealed_at IS NULL", &[]),
            None => {}
        }
        if let Some(category) = &filter.category {
            listing.need("category = ?", &[]);
            listing.parameters.push(Parameter::Text(category.clone()));
        }
        for word in &filter.words {
            listing.conditions.push(Condition::Word);
            listing.parameters.push(Parameter::Text(word.clone()));
        }
        listing
    }

    fn need(&mut self, condition: &'static str, moments: &[Timestamp]) {
        self.conditions.push(Condition::Of(condition));
        let moments = moments.iter().copied().map(Parameter::Moment);
        self.parameters.extend(moments);
    }

    /// The conditions as SQL, and the place after their last parameter.
    pub(crate) fn conditions(&self, syntax: Syntax) -> (String, usize) {
        let mut place = 1;
        let mut texts = Vec::new();
        for condition in &self.conditions {
            let text = match condition {
                Condition::Of(text) => text.replace(END, syntax.end),
                Condition::Word => format!("{}(title_search, ?) > 0", syntax.search),
            };
            let mut pieces = text.split('?');
            let mut placed = pieces.next().unwrap_or_default().to_owned();
            for piece in pieces {
                placed.push_str(&(syntax.place)(place));
                placed.push_str(piece);
                place += 1;
            }
            texts.push(placed);
        }
        if texts.is_empty() {
            texts.push("true".into());
        }
        (texts.join(" AND "), place)
    }

    /// Adds the conditions' parameters.
    pub(crate) fn bind(&self, values: &mut impl Parameters) -> Result<(), Error> {
        self.parameters.iter().try_for_each(|value| match value {
            Parameter::Moment(moment) => values.moment(*moment),
            Parameter::Text(text) => values.text(text),
        })
    }
}

const fn order(order: PollOrder) -> &'static str {
    match order {
        PollOrder::Newest => "created_at DESC, id DESC",
        PollOrder::Closing => "closes_order, id DESC",
        PollOrder::Opening => "opens_at, id DESC",
        PollOrder::Trending => "heat_rank DESC, id DESC",
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
    let of = match filter.category {
        Some(_) => "_category",
        None if only_unsealed => "_unsealed",
        None => "",
    };
    format!("{order}{of}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_from_the_first_to_the_last() {
        let filter = PollFilter {
            status: Some(PollStatus::Open),
            category: Some("food".into()),
            words: vec!["lunch".into()],
            ..PollFilter::default()
        };
        let listing = Listing::new(&filter, Timestamp::EPOCH);
        let syntax = Syntax {
            place: |place| format!("${place}"),
            search: "strpos",
            end: "?",
        };
        let (text, next) = listing.conditions(syntax);
        assert_eq!(
            text,
            "sealed_at IS NULL AND closes_order > $1 AND opens_at <= $2 AND category = $3 AND strpos(title_search, $4) > 0"
        );
        assert_eq!((next, listing.parameters.len()), (5, 4));
    }
}
