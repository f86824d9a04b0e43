use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::settings::rates::or_off;

/// The age from which unused polls of browser sessions are removed: whole hours or days,
/// written `12h` or `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnusedAge {
    hours: u32,
}

impl UnusedAge {
    /// Ten years.
    const MAX_HOURS: u32 = 3_650 * 24;

    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.hours) * 3_600)
    }
}

impl FromStr for UnusedAge {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hours_per_unit = [('h', 1), ('d', 24)];
        let hours = hours_per_unit.into_iter().find_map(|(unit, hours)| {
            let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
            number.checked_mul(hours)
        });
        match hours {
            Some(hours @ 1..=Self::MAX_HOURS) => Ok(Self { hours }),
            _ => Err("must be an age like 30d: 1h to 3650d (h or d), or off".to_owned()),
        }
    }
}

impl fmt::Display for UnusedAge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hours.is_multiple_of(24) {
            write!(f, "{}d", self.hours / 24)
        } else {
            write!(f, "{}h", self.hours)
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Option<UnusedAge>, String> {
    or_off(text, str::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_round_trip_and_invalid_texts_are_rejected() {
        let printed = |text| parse(text).map(|age| age.map(|age| age.to_string()));
        assert_eq!(parse("off"), Ok(None));
        for (text, expected) in [
            ("30d", "30d"),
            ("48h", "2d"),
            ("1h", "1h"),
            ("3650d", "3650d"),
        ] {
            assert_eq!(printed(text), Ok(Some(expected.to_owned())));
        }
        for invalid in [
            "",
            "on",
            "30",
            "0d",
            "3651d",
            "4294967295d",
            "-1d",
            "1.5d",
            "30 d",
        ] {
            assert!(
                parse(invalid).unwrap_err().contains("like 30d"),
                "{invalid}"
            );
        }
    }
}
