use serde_json::{Value, json};
use votify_core::{Poll, Timestamp};

use crate::dto::rules::Capabilities;
use crate::ui::form::{FormFields, FromForm};
use crate::ui::home::form::{MAX_LINE, MAX_VALUE, NewPollForm, option_name};
use crate::ui::home::{body, prefill};
use crate::ui::moment::field_value;

/// The number of blank rows for further options.
const MORE_ROWS: usize = 2;
/// The fields that `null` removes.
const NULLABLE: [&str; 7] = [
    "description",
    "category",
    "opens_at",
    "closes_at",
    "address_quota",
    "external_ref",
    "metadata",
];
/// The fields that can change after the first vote.
const NEVER_FROZEN: [&str; 7] = [
    "title",
    "description",
    "options",
    "closes_at",
    "visibility",
    "external_ref",
    "metadata",
];

/// The form to change a poll, as it was typed. It has the fields of the form to create one.
#[derive(Debug)]
pub(in crate::ui) struct EditForm {
    pub(super) fields: NewPollForm,
    /// The id of each option of `fields`. Empty for a new one.
    option_ids: Vec<String>,
    /// True if the form has the fields that the first vote freezes.
    has_rules: bool,
    /// The version of the poll that the form shows.
    pub(super) version: Option<u64>,
}

/// The field of an option.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OptionRow {
    pub(super) name: String,
    /// Empty for a new option.
    pub(super) id: String,
    pub(super) text: String,
}

impl FromForm for EditForm {
    const MAX_BYTES: usize = NewPollForm::MAX_BYTES;

    fn from_form(fields: &FormFields) -> Self {
        let has_rules = fields.has("rules");
        let ids = fields.all("option_id").chain(std::iter::repeat(""));
        // Before the first vote, clearing its field removes an option. Afterwards, a blank
        // text is an error.
        let rows = fields.all("options").zip(ids);
        let kept = rows.filter(|(text, id)| {
            let is_blank = text.trim().is_empty();
            !is_blank || (!has_rules && !id.is_empty())
        });
        let (options, option_ids) = kept
            .map(|(text, id)| (text.to_owned(), id.to_owned()))
            .unzip();
        Self {
            fields: NewPollForm {
                options,
                ..NewPollForm::from_form(fields)
            },
            option_ids,
            has_rules,
            version: fields.get("version").and_then(|text| text.parse().ok()),
        }
    }
}

impl EditForm {
    /// Returns the form with the values of a poll. Its times are in UTC.
    pub(super) fn of_poll(poll: &Poll) -> Self {
        let time = |time: Option<Timestamp>| time.map_or_else(String::new, field_value);
        Self {
            fields: NewPollForm {
                opens_at: time(poll.opens_at),
                closes_at: time(poll.closes_at),
                ..prefill::copy(poll, true)
            },
            option_ids: poll
                .options
                .iter()
                .map(|option| option.id.to_string())
                .collect(),
            has_rules: true,
            version: Some(poll.version),
        }
    }

    /// Returns the rows of options, with blank ones for new options if some can be added.
    pub(super) fn rows(&self, has_votes: bool) -> Vec<OptionRow> {
        let ids = self.option_ids.iter().map(String::as_str);
        let more = if has_votes { 0 } else { MORE_ROWS };
        let count = (self.fields.options.len() + more).min(votify_core::poll::OPTIONS_MAX);
        let texts = self.fields.options.iter().map(String::as_str);
        let texts = texts.chain(std::iter::repeat(""));
        let rows = texts.zip(ids.chain(std::iter::repeat(""))).take(count);
        rows.enumerate()
            .map(|(index, (text, id))| OptionRow {
                name: option_name(index),
                id: id.chars().take(MAX_VALUE).collect(),
                text: text.chars().take(MAX_LINE).collect(),
            })
            .collect()
    }

    /// Returns true if the form shows an older version of the poll, whose changes it would
    /// undo.
    pub(super) fn is_outdated(&self, poll: &Poll) -> bool {
        self.version.is_some_and(|version| version != poll.version)
    }

    /// Returns the body of the API that changes `poll` into this. `can` decides which fields
    /// the form has.
    pub(super) fn body(&self, poll: &Poll, can: Capabilities) -> Value {
        let mut body = body::of_form(&self.fields);
        let Some(fields) = body.as_object_mut() else {
            return body;
        };
        for name in NULLABLE {
            // Without its field, the quota stays as it is.
            if name == "address_quota" && !can.addresses {
                continue;
            }
            fields.entry(name).or_insert(Value::Null);
        }
        for (name, time) in [("opens_at", poll.opens_at), ("closes_at", poll.closes_at)] {
            keep_seconds(&mut fields[name], time);
        }
        let rows = self.fields.options.iter().zip(&self.option_ids);
        let option = |(text, id): (&String, &String)| match id.as_str() {
            "" => json!({"text": text}),
            id => json!({"id": id, "text": text}),
        };
        fields.insert("options".to_owned(), rows.map(option).collect());
        let shown = Self::of_poll(poll).fields;
        // The form always has a visibility. Unless it changes, the rule for new voters applies:
        // a poll by account or invite becomes unlisted.
        if self.fields.voters != shown.voters && self.fields.visibility == shown.visibility {
            fields.remove("visibility");
        }
        if !self.has_rules {
            fields.retain(|name, _| NEVER_FROZEN.contains(&name.as_str()));
        }
        body
    }
}

/// Keeps the time of the poll if its minute was not changed: the form has no seconds.
fn keep_seconds(value: &mut Value, time: Option<Timestamp>) {
    let typed = value.as_str().and_then(|text| text.get(..16));
    if let Some(time) = time.filter(|time| typed == Some(field_value(*time).as_str())) {
        *value = time.to_string().into();
    }
}

#[cfg(test)]
mod tests {
    use votify_core::{Keyring, PollDraft, PollId};

    use super::*;
    use crate::dto::change;

    const CAN: Capabilities = Capabilities {
        accounts: true,
        addresses: true,
        invites: true,
    };

    const NOW: Timestamp = Timestamp::EPOCH;

    fn poll() -> Poll {
        let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        draft.category = Some("food".to_owned());
        draft.closes_at = Some("2026-11-28T18:30:15.5Z".parse().unwrap());
        draft.rules.ballot = votify_core::BallotKind::Multiple { min: 1, max: 2 };
        let poll = draft.into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral());
        poll.unwrap()
    }

    #[test]
    fn an_unchanged_form_changes_nothing() {
        let poll = poll();
        let form = EditForm::of_poll(&poll);
        let change = change::read(form.body(&poll, CAN), &poll, CAN, NOW).unwrap();
        let state = votify_core::poll::PollState::new(poll);
        assert_eq!(state.apply_change(&change, NOW).unwrap(), None);
    }

    #[test]
    fn a_poll_that_becomes_one_by_invite_is_unlisted() {
        let poll = poll();
        let mut form = EditForm::of_poll(&poll);
        assert!(form.body(&poll, CAN).get("visibility").is_some());
        form.fields.voters = "invite".to_owned();
        assert_eq!(form.body(&poll, CAN).get("visibility"), None);
    }

    #[test]
    fn blank_rows_are_for_new_options() {
        let form = EditForm::of_poll(&poll());
        let rows = form.rows(false);
        assert_eq!(rows.len(), 4);
        assert!(rows[3].id.is_empty() && rows[3].text.is_empty());
        assert_eq!(rows[1].text, "Sushi");
        assert_eq!(form.rows(true).len(), 2);
    }

    #[test]
    fn rows_that_are_shown_again_are_cut() {
        let mut form = EditForm::of_poll(&poll());
        form.fields.options = vec!["o".repeat(MAX_LINE + 1); 101];
        form.option_ids = vec!["i".repeat(MAX_VALUE + 1); 101];
        let rows = form.rows(true);
        assert_eq!(rows.len(), 100);
        assert_eq!(
            (rows[99].text.len(), rows[99].id.len()),
            (MAX_LINE, MAX_VALUE)
        );
    }

    #[test]
    fn the_quota_is_sent_only_by_a_form_with_its_field() {
        let poll = poll();
        let form = EditForm::of_poll(&poll);
        assert_eq!(form.body(&poll, CAN)["address_quota"], Value::Null);
        let can = Capabilities {
            addresses: false,
            ..CAN
        };
        let body = form.body(&poll, can);
        assert!(!body.as_object().unwrap().contains_key("address_quota"));
    }

    #[test]
    fn frozen_fields_are_not_sent_without_their_form() {
        let poll = poll();
        let mut form = EditForm::of_poll(&poll);
        form.has_rules = false;
        let body = form.body(&poll, CAN);
        let mut names: Vec<_> = body.as_object().unwrap().keys().collect();
        names.sort();
        let mut expected = NEVER_FROZEN;
        expected.sort_unstable();
        assert_eq!(names, expected);
        assert_eq!(body["closes_at"], "2026-11-28T18:30:15.500Z");
    }
}
