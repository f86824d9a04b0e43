use votify_core::Timestamp;

use super::times::absolute;

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

/// Returns the value of a `datetime-local` field, in UTC.
pub(super) fn field_value(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_minutes() {
        let time: Timestamp = "2026-11-08T18:30:15.5Z".parse().unwrap();
        assert_eq!(field_value(time), "2026-11-08T18:30");
    }
}
