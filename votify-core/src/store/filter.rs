use crate::poll::{Poll, PollStatus};
use crate::time::Timestamp;

/// Which polls to list, and in which order. The default is all, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollFilter {
    /// Only polls that stand so at the time of asking.
    pub status: Option<PollStatus>,
    /// Only sealed polls, or only unsealed ones.
    pub sealed: Option<bool>,
    /// Only polls of exactly this category.
    pub category: Option<String>,
    /// Only polls whose title holds every one of these [`words`] somewhere.
    pub words: Vec<String>,
    /// The order.
    pub order: PollOrder,
}

/// An order of polls; ties are broken by id, descending, so that every order is total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PollOrder {
    /// By `created_at`, latest first.
    #[default]
    Newest,
    /// By `closes_at`, soonest first; those without one last.
    Closing,
    /// By `opens_at`, soonest first.
    Opening,
    /// By [`Heat`](crate::trending::Heat), hottest first.
    Trending,
}

impl PollFilter {
    /// Whether a poll passes at `now`; the order plays no part.
    #[must_use]
    pub fn matches(&self, poll: &Poll, now: Timestamp) -> bool {
        let folded = fold(&poll.title);
        self.status.is_none_or(|status| poll.status(now) == status)
            && self.sealed.is_none_or(|sealed| poll.is_sealed() == sealed)
            && self
                .category
                .as_ref()
                .is_none_or(|category| poll.category.as_ref() == Some(category))
            && self.words.iter().all(|word| folded.contains(word.as_str()))
    }
}

/// The words to look for in titles: lower-cased, split at blanks, without repeats.
#[must_use]
pub fn words(query: &str) -> Vec<String> {
    let mut words: Vec<String> = fold(query).split_whitespace().map(str::to_owned).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// A title in the form that searches compare: stores keep it beside the title, so that all of them fold alike.
#[must_use]
pub fn fold(title: &str) -> String {
    title.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_unique() {
        assert_eq!(words("  Öl  lunch LUNCH "), ["lunch", "öl"]);
        assert!(words(" ").is_empty());
    }
}
