use votify_core::Timestamp;

use super::times::{absolute, until};

/// A time, for programs and for people. A script shows it in the zone of the viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) datetime: String,
    pub(super) text: String,
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        Self {
            datetime: time.to_string(),
            text: absolute(time),
        }
    }
}

/// Returns how far away a time is: `in 2 hours` or `3 days ago`.
pub(super) fn relative(time: Timestamp, now: Timestamp) -> String {
    if time > now {
        format!("in {}", until(time.saturating_since(now)))
    } else {
        format!("{} ago", until(now.saturating_since(time)))
    }
}

/// Returns the value of a `datetime-local` field, in UTC.
pub(super) fn field_value(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relative_to_now() {
        let time = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = time("2026-11-28T12:00:00Z");
        for (text, expected) in [
            ("2026-11-28T14:00:01Z", "in 2 hours"),
            ("2026-11-25T11:00:00Z", "3 days ago"),
            ("2026-11-28T12:00:00Z", "less than a minute ago"),
        ] {
            assert_eq!(relative(time(text), now), expected);
        }
        assert_eq!(
            field_value(time("2026-11-08T18:30:15.5Z")),
            "2026-11-08T18:30"
        );
    }
}
