use std::fmt;
use std::str::FromStr;

use crate::tally::Position;

/// The position of a [`TallyView`](crate::TallyView), as clients receive it.
///
/// Where counts are hidden, the position grows only with edits and the seal, so that it
/// reveals nothing about votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViewPosition {
    /// The view shows counts.
    Shown(Position),
    /// The view hides counts.
    Hidden {
        /// The poll's epoch.
        epoch: u64,
        /// The poll's version.
        version: u64,
    },
}

impl ViewPosition {
    /// Returns the poll's epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        match self {
            Self::Shown(position) => position.epoch,
            Self::Hidden { epoch, .. } => *epoch,
        }
    }

    /// Returns true if `other` is newer than this position.
    ///
    /// A position with counts and one without compare by epoch only.
    #[must_use]
    pub fn is_older_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Shown(this), Self::Shown(other)) => this < other,
            (
                Self::Hidden { epoch, version },
                Self::Hidden {
                    epoch: other_epoch,
                    version: other_version,
                },
            ) => (epoch, version) < (other_epoch, other_version),
            _ => self.epoch() < other.epoch(),
        }
    }
}

impl fmt::Display for ViewPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown(position) => position.fmt(f),
            Self::Hidden { epoch, version } => write!(f, "{epoch}-v{version}"),
        }
    }
}

/// The text is not a [`ViewPosition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a stream position")]
pub struct ParsePositionError;

impl FromStr for ViewPosition {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        let number = |digits: &str| {
            // `u64::from_str` accepts a leading plus sign; `Display` never writes one.
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain
                .then(|| digits.parse().ok())
                .flatten()
                .ok_or(ParsePositionError)
        };
        let (epoch, rest) = text.split_once('-').ok_or(ParsePositionError)?;
        let epoch = number(epoch)?;
        match rest.strip_prefix('v') {
            Some(version) => Ok(Self::Hidden {
                epoch,
                version: number(version)?,
            }),
            None => Ok(Self::Shown(Position {
                epoch,
                revision: number(rest)?,
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_round_trip_and_other_texts_are_rejected() {
        let shown = ViewPosition::Shown(Position {
            epoch: 2,
            revision: 80,
        });
        let hidden = ViewPosition::Hidden {
            epoch: 2,
            version: 3,
        };
        assert_eq!(shown.to_string().parse(), Ok(shown));
        assert_eq!(hidden.to_string().parse(), Ok(hidden));
        for bad in [
            "",
            "1",
            "1-",
            "-1",
            "1-v",
            "1-+2",
            "x-1",
            "1-99999999999999999999",
        ] {
            assert_eq!(
                bad.parse::<ViewPosition>(),
                Err(ParsePositionError),
                "{bad}"
            );
        }
    }
}
