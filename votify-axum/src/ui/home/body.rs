use serde_json::{Value, json};

use super::form::NewPollForm;
use crate::extract::json::parse_json;

/// Returns the body of the API for a form, so that both have the same rules.
pub(in crate::ui) fn of_form(form: &NewPollForm) -> Value {
    let mut body = json!({
        "title": form.title,
        "options": form.options,
        "ballot": ballot(form),
        "revote": form.revote,
    });
    for (name, value) in [
        ("description", given(&form.description)),
        ("category", given(&form.category)),
        ("voters", given(&form.voters)),
        ("results", given(&form.results)),
        ("visibility", given(&form.visibility)),
        ("external_ref", given(&form.external_ref)),
        ("opens_at", time(&form.opens_at, &form.opens_at_utc)),
        ("closes_at", time(&form.closes_at, &form.closes_at_utc)),
        ("metadata", metadata(&form.metadata)),
        ("address_quota", quota(form)),
    ] {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    body
}

fn given(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| Value::from(text))
}

/// Returns the number that was typed, or the text, which the API rejects.
fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    let number = text.parse::<u64>().map(Value::from);
    (!text.is_empty()).then(|| number.unwrap_or_else(|_| Value::from(text)))
}

fn ballot(form: &NewPollForm) -> Value {
    if form.kind != "multiple" {
        return json!({"kind": if form.kind.is_empty() { "single" } else { &form.kind }});
    }
    let mut ballot = json!({"kind": "multiple"});
    for (name, text) in [("min", &form.min), ("max", &form.max)] {
        if let Some(number) = number(text) {
            ballot[name] = number;
        }
    }
    ballot
}

fn quota(form: &NewPollForm) -> Option<Value> {
    let mut quota = json!({"ballots": number(&form.quota)?});
    if let Some(prefix) = number(&form.quota_prefix) {
        quota["ipv4_prefix"] = prefix;
    }
    Some(quota)
}

/// Returns the time in UTC from the page's script, or the typed one, which is in UTC too
/// without JavaScript.
fn time(typed: &str, utc: &str) -> Option<Value> {
    let typed = given(typed)?;
    if let Some(utc) = given(utc) {
        return Some(utc);
    }
    let text = typed.as_str().unwrap_or_default().trim();
    // `2026-11-28T18:30`, or with seconds.
    let seconds = if text.len() == 16 { ":00" } else { "" };
    Some(format!("{text}{seconds}Z").into())
}

/// Returns the JSON that was typed, or the text, which the API rejects.
fn metadata(text: &str) -> Option<Value> {
    let text = given(text)?;
    let parsed = parse_json(text.as_str().unwrap_or_default().as_bytes());
    Some(parsed.unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_form_is_a_short_body() {
        let form = NewPollForm {
            title: "Lunch?".to_owned(),
            options: vec!["Pizza".to_owned(), "Sushi".to_owned()],
            ..NewPollForm::default()
        };
        let expected = json!({
            "title": "Lunch?",
            "options": ["Pizza", "Sushi"],
            "ballot": {"kind": "single"},
            "revote": false,
        });
        assert_eq!(of_form(&form), expected);
    }

    #[test]
    fn typed_numbers_and_times_are_converted() {
        let form = NewPollForm {
            kind: "multiple".to_owned(),
            min: " 2 ".to_owned(),
            max: "x".to_owned(),
            quota: "5".to_owned(),
            quota_prefix: "24".to_owned(),
            opens_at: "2026-11-28T18:30".to_owned(),
            closes_at: "2026-11-28T18:30".to_owned(),
            closes_at_utc: "2026-11-28T17:30:00.000Z".to_owned(),
            metadata: "{\"a\": 1}".to_owned(),
            ..NewPollForm::default()
        };
        let body = of_form(&form);
        assert_eq!(
            body["ballot"],
            json!({"kind": "multiple", "min": 2, "max": "x"})
        );
        assert_eq!(
            body["address_quota"],
            json!({"ballots": 5, "ipv4_prefix": 24})
        );
        assert_eq!(body["opens_at"], "2026-11-28T18:30:00Z");
        assert_eq!(body["closes_at"], "2026-11-28T17:30:00.000Z");
        assert_eq!(body["metadata"], json!({"a": 1}));
        let repeated = NewPollForm {
            metadata: "{\"a\": 1, \"a\": 2}".to_owned(),
            ..NewPollForm::default()
        };
        assert_eq!(of_form(&repeated)["metadata"], repeated.metadata);
    }
}
