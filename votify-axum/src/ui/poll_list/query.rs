use form_urlencoded::Serializer;
use unicode_normalization::UnicodeNormalization;
use votify_core::PollStatus;
use votify_core::backend::search_words;
use votify_core::poll::CATEGORY_MAX;
use votify_core::store::{PollFilter, PollOrder};

use crate::routes::polls::{MAX_CURSOR_LENGTH, MAX_SEARCH_LENGTH, MAX_SEARCH_WORDS};
use crate::ui::page::Page;

/// Values of `status`, with their labels.
const STATUS: [(&str, &str, Option<PollStatus>); 4] = [
    ("open", "Open", Some(PollStatus::Open)),
    ("scheduled", "Not open yet", Some(PollStatus::Scheduled)),
    ("closed", "Closed", Some(PollStatus::Closed)),
    ("all", "All", None),
];
/// Values of `sort`, with their labels.
const SORT: [(&str, &str, PollOrder); 3] = [
    ("newest", "Newest first", PollOrder::Newest),
    ("closing", "Closing soon", PollOrder::Closing),
    ("trending", "Most active", PollOrder::Trending),
];

/// The query of a list as it was sent. Unknown values are the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListQuery {
    /// The path of the list.
    path: &'static str,
    default_status: &'static str,
    pub(super) search: String,
    pub(super) category: String,
    pub(super) status: &'static str,
    pub(super) sort: &'static str,
    pub(super) after: String,
}

/// A value of a list of choices.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    /// The URL of the list with this value.
    pub(super) url: String,
    pub(super) is_chosen: bool,
}

impl ListQuery {
    const fn new(path: &'static str, default_status: &'static str) -> Self {
        Self {
            path,
            default_status,
            search: String::new(),
            category: String::new(),
            status: default_status,
            sort: "newest",
            after: String::new(),
        }
    }

    /// Returns the query of the public list of a category.
    pub(super) fn of_category(category: &str) -> Self {
        Self {
            category: category.to_owned(),
            ..Self::new("/polls", "open")
        }
    }

    /// Reads the query of the public list.
    pub(super) fn public(page: &Page) -> Self {
        Self::new("/polls", "open").read(page)
    }

    /// Reads the query of the caller's own list.
    pub(super) fn mine(page: &Page) -> Self {
        Self::new("/mine", "all").read(page)
    }

    fn read(mut self, page: &Page) -> Self {
        let status = page.query("status").unwrap_or_default();
        if let Some((value, ..)) = STATUS.iter().find(|(value, ..)| *value == status) {
            self.status = value;
        }
        let sort = page.query("sort").unwrap_or_default();
        if let Some((value, ..)) = SORT.iter().find(|(value, ..)| *value == sort) {
            self.sort = value;
        }
        self.search = text(page, "q", MAX_SEARCH_LENGTH);
        self.category = text(page, "category", CATEGORY_MAX);
        self.after = text(page, "after", MAX_CURSOR_LENGTH);
        self
    }

    /// Returns the filter for public polls.
    ///
    /// # Errors
    /// Returns what is wrong with the search.
    pub(super) fn filter(&self) -> Result<PollFilter, &'static str> {
        let words = search_words(&self.search);
        if words.is_empty() && !self.search.is_empty() {
            return Err("Type a letter or a digit.");
        }
        if words.len() > MAX_SEARCH_WORDS {
            return Err("Type at most 8 words.");
        }
        let status = STATUS.iter().find(|(value, ..)| *value == self.status);
        let sort = SORT.iter().find(|(value, ..)| *value == self.sort);
        Ok(PollFilter {
            status: status.and_then(|(.., status)| *status),
            category: (!self.category.is_empty()).then(|| self.category.clone()),
            words,
            order: sort.map_or_else(PollOrder::default, |(.., order)| *order),
            ..PollFilter::default()
        })
    }

    /// Returns true if the list is the first that visitors see: nothing was chosen.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::new(self.path, self.default_status)
    }

    pub(super) fn with_after(&self, after: &str) -> Self {
        Self {
            after: after.to_owned(),
            ..self.clone()
        }
    }

    pub(super) fn without_category(&self) -> Self {
        Self {
            category: String::new(),
            ..self.with_after("")
        }
    }

    /// Returns the values of `status`.
    pub(super) fn statuses(&self, url: impl Fn(&str) -> String) -> Vec<Choice> {
        let choice = |(value, label, _): &(&'static str, &'static str, _)| Choice {
            value,
            label,
            url: url(&Self {
                status: value,
                ..self.with_after("")
            }
            .path()),
            is_chosen: *value == self.status,
        };
        STATUS.iter().map(choice).collect()
    }

    /// Returns the values of `sort`.
    pub(super) fn sorts(&self, url: impl Fn(&str) -> String) -> Vec<Choice> {
        let choice = |(value, label, _): &(&'static str, &'static str, _)| Choice {
            value,
            label,
            url: url(&Self {
                sort: value,
                ..self.with_after("")
            }
            .path()),
            is_chosen: *value == self.sort,
        };
        SORT.iter().map(choice).collect()
    }

    /// Returns the path with the query.
    pub(super) fn path(&self) -> String {
        let default = Self::new(self.path, self.default_status);
        let mut query = Serializer::new(String::new());
        for (name, value, default) in [
            ("q", self.search.as_str(), default.search.as_str()),
            ("category", &self.category, &default.category),
            ("status", self.status, default.status),
            ("sort", self.sort, default.sort),
            ("after", &self.after, &default.after),
        ] {
            if value != default {
                query.append_pair(name, value);
            }
        }
        match query.finish().as_str() {
            "" => self.path.to_owned(),
            query => format!("{}?{query}", self.path),
        }
    }
}

/// Reads a text in NFC, as polls store texts. A text that no poll can have is none.
fn text(page: &Page, name: &str, max: usize) -> String {
    let text: String = page.query(name).unwrap_or_default().trim().nfc().collect();
    if text.chars().any(char::is_control) || text.chars().nth(max).is_some() {
        return String::new();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_contain_what_is_not_the_default() {
        let query = ListQuery::of_category("a & b");
        assert_eq!(query.path(), "/polls?category=a+%26+b");
        assert_eq!(query.without_category().path(), "/polls");
        assert!(query.without_category().is_default() && !query.is_default());
        let urls: Vec<_> = query.statuses(str::to_owned);
        assert_eq!(urls[0].url, "/polls?category=a+%26+b");
        assert!(urls[0].is_chosen && !urls[3].is_chosen);
        assert_eq!(urls[3].url, "/polls?category=a+%26+b&status=all");
        let mine = ListQuery::new("/mine", "all");
        assert_eq!(mine.statuses(str::to_owned)[0].url, "/mine?status=open");
        assert_eq!(mine.filter().unwrap().status, None);
    }

    #[test]
    fn searches_are_checked() {
        let search = |text: &str| ListQuery {
            search: text.to_owned(),
            ..ListQuery::new("/polls", "open")
        };
        assert_eq!(search("fri lun").filter().unwrap().words.len(), 2);
        assert!(search("?!").filter().is_err());
        assert!(search("a b c d e f g h i").filter().is_err());
        assert!(search("").filter().is_ok());
    }
}
