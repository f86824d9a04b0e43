use crate::ui::form::{FormFields, FromForm};

/// The fields in the order of the page, without indices and parts.
pub(in crate::ui) const ORDER: [&str; 16] = [
    "title",
    "options",
    "voters",
    "address_quota",
    "opens_at",
    "closes_at",
    "results",
    "visibility",
    "ballot",
    "ballot_min",
    "ballot_max",
    "revote",
    "description",
    "category",
    "external_ref",
    "metadata",
];

/// Maximum characters of a line that is shown again: 255 are valid.
pub(in crate::ui) const MAX_LINE: usize = 1_000;
/// Maximum characters of a text that is shown again: 10 000 are valid.
const MAX_TEXT: usize = 12_000;
/// Maximum characters of a number, a time or a choice that is shown again.
pub(in crate::ui) const MAX_VALUE: usize = 100;

/// The form to create a poll, as it was typed. Empty texts are not given.
#[derive(Debug, Clone, Default)]
pub(in crate::ui) struct NewPollForm {
    pub(in crate::ui) title: String,
    /// The options without blank rows, so that the errors of the API have their indices.
    pub(in crate::ui) options: Vec<String>,
    pub(in crate::ui) description: String,
    pub(in crate::ui) category: String,
    pub(in crate::ui) voters: String,
    pub(in crate::ui) quota: String,
    pub(in crate::ui) quota_prefix: String,
    /// As typed, in the zone of the browser, or UTC without JavaScript.
    pub(in crate::ui) opens_at: String,
    pub(in crate::ui) closes_at: String,
    /// The same times in UTC, from the page's script.
    pub(in crate::ui) opens_at_utc: String,
    pub(in crate::ui) closes_at_utc: String,
    pub(in crate::ui) results: String,
    pub(in crate::ui) visibility: String,
    pub(in crate::ui) kind: String,
    pub(in crate::ui) min: String,
    pub(in crate::ui) max: String,
    pub(in crate::ui) revote: bool,
    pub(in crate::ui) external_ref: String,
    pub(in crate::ui) metadata: String,
    /// True if the button to add rows was used.
    pub(in crate::ui) wants_more: bool,
}

impl FromForm for NewPollForm {
    /// 100 options and a description of the maximum length, in any script.
    const MAX_BYTES: usize = 1536 * 1024;

    fn from_form(fields: &FormFields) -> Self {
        let options = fields.all("options").filter(|text| !text.trim().is_empty());
        Self {
            title: fields.text("title"),
            options: options.map(str::to_owned).collect(),
            description: fields.text("description"),
            category: fields.text("category"),
            voters: fields.text("voters"),
            quota: fields.text("address_quota"),
            quota_prefix: fields.text("quota_prefix"),
            opens_at: fields.text("opens_at"),
            closes_at: fields.text("closes_at"),
            opens_at_utc: fields.text("opens_at_utc"),
            closes_at_utc: fields.text("closes_at_utc"),
            results: fields.text("results"),
            visibility: fields.text("visibility"),
            kind: fields.text("ballot"),
            min: fields.text("ballot_min"),
            max: fields.text("ballot_max"),
            revote: fields.has("revote"),
            external_ref: fields.text("external_ref"),
            metadata: fields.text("metadata"),
            wants_more: fields.has("more"),
        }
    }
}

impl NewPollForm {
    /// Cuts what was typed before the page shows it again, so that the page is not much
    /// larger than that of a valid form. What is longer is invalid.
    pub(in crate::ui) fn cut(&mut self) {
        self.options.truncate(votify_core::poll::OPTIONS_MAX);
        for text in [&mut self.title, &mut self.category, &mut self.external_ref] {
            cut(text, MAX_LINE);
        }
        for text in &mut self.options {
            cut(text, MAX_LINE);
        }
        for text in [&mut self.description, &mut self.metadata] {
            cut(text, MAX_TEXT);
        }
        for text in [
            &mut self.voters,
            &mut self.quota,
            &mut self.quota_prefix,
            &mut self.opens_at,
            &mut self.closes_at,
            &mut self.opens_at_utc,
            &mut self.closes_at_utc,
            &mut self.results,
            &mut self.visibility,
            &mut self.kind,
            &mut self.min,
            &mut self.max,
        ] {
            cut(text, MAX_VALUE);
        }
    }

    /// Adds blank rows until there are `count`, at most 100.
    pub(in crate::ui) fn fill_rows(&mut self, count: usize) {
        let count = count.min(votify_core::poll::OPTIONS_MAX);
        if self.options.len() < count {
            self.options.resize(count, String::new());
        }
    }

    /// Returns true if a setting below "More" differs from its default.
    pub(in crate::ui) fn has_settings(&self) -> bool {
        let texts = [
            &self.description,
            &self.category,
            &self.quota,
            &self.opens_at,
            &self.closes_at,
            &self.visibility,
            &self.min,
            &self.max,
            &self.external_ref,
            &self.metadata,
        ];
        self.revote
            || texts.iter().any(|text| !text.is_empty())
            || !["", "browser"].contains(&self.voters.as_str())
            || !["", "live"].contains(&self.results.as_str())
            || !["", "single"].contains(&self.kind.as_str())
    }

    /// Returns true if a choice among several is the one that was made. The first is the
    /// default.
    pub(in crate::ui) fn is(&self, made: &str, value: &str, default: &str) -> bool {
        value == if made.is_empty() { default } else { made }
    }
}

/// Cuts a text to `max` characters.
pub(in crate::ui) fn cut(text: &mut String, max: usize) {
    if let Some((end, _)) = text.char_indices().nth(max) {
        text.truncate(end);
    }
}

/// Returns the name in the form of a field of the API.
pub(in crate::ui) fn field_name(field: &str) -> String {
    match field {
        "ballot.min" => "ballot_min".to_owned(),
        "ballot.max" => "ballot_max".to_owned(),
        "ballot.kind" => "ballot".to_owned(),
        field if field.starts_with("address_quota") => "address_quota".to_owned(),
        field => match field.strip_prefix("options[") {
            Some(rest) => {
                let index = rest.split(']').next().unwrap_or_default();
                format!("options-{index}")
            }
            None => field.to_owned(),
        },
    }
}

/// Returns the name of the field of an option.
pub(in crate::ui) fn option_name(index: usize) -> String {
    format!("options-{index}")
}

/// The beginnings of texts of the API, and what the page shows instead.
const REWORDED: [(&str, &str); 4] = [
    ("Must be 2 to 100, not ", "A poll needs 2 to 100 options."),
    (
        "Must be an object or null.",
        "Must be a JSON object, such as {\"room\": 4}.",
    ),
    ("Must be an RFC 3339 time", "Enter a date and a time."),
    (
        "Must not be less than ballot.min.",
        "Must not be less than “At least”.",
    ),
];

/// Returns the text of an error with the names that the page shows: `options[0]` is option
/// 1 there.
pub(in crate::ui) fn reworded(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("options[") {
        let (index, after) = after.split_once(']').unwrap_or((after, ""));
        let number = index.parse::<usize>().map_or(0, |index| index + 1);
        words.push_str(before);
        words.push_str(&format!("option {number}"));
        rest = after;
    }
    words.push_str(rest);
    let known = REWORDED.iter().find(|(start, _)| words.starts_with(start));
    known.map_or(words, |(_, text)| (*text).to_owned())
}

/// Returns true for a field below "More".
pub(in crate::ui) fn is_setting(name: &str) -> bool {
    name != "title" && !name.starts_with("options")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_api_have_names_in_the_form() {
        for (field, name) in [
            ("title", "title"),
            ("options", "options"),
            ("options[12]", "options-12"),
            ("options[2].text", "options-2"),
            ("ballot.min", "ballot_min"),
            ("address_quota.ballots", "address_quota"),
        ] {
            assert_eq!(field_name(field), name);
        }
    }

    #[test]
    fn long_values_are_cut() {
        let mut form = NewPollForm {
            title: "é".repeat(MAX_LINE + 1),
            options: vec!["o".repeat(MAX_LINE + 1); 101],
            description: "d".repeat(MAX_TEXT),
            kind: "k".repeat(MAX_VALUE + 1),
            ..NewPollForm::default()
        };
        form.cut();
        assert_eq!(form.title, "é".repeat(MAX_LINE));
        assert_eq!(
            (form.options.len(), form.options[99].len()),
            (100, MAX_LINE)
        );
        assert_eq!(form.description.len(), MAX_TEXT);
        assert_eq!(form.kind.len(), MAX_VALUE);
    }

    #[test]
    fn errors_name_what_the_page_shows() {
        for (text, expected) in [
            (
                "Has the same text as options[0].",
                "Has the same text as option 1.",
            ),
            ("Must be 2 to 100, not 1.", "A poll needs 2 to 100 options."),
            (
                "Must be an object or null.",
                "Must be a JSON object, such as {\"room\": 4}.",
            ),
            (
                "Must not be less than ballot.min.",
                "Must not be less than “At least”.",
            ),
            ("Must not be empty.", "Must not be empty."),
        ] {
            assert_eq!(reworded(text), expected);
        }
    }
}
