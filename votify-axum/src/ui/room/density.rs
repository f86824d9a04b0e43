/// The layout of the options. More options have more columns, so that a screen shows all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Density {
    /// Up to 4 options in one column.
    Few,
    /// Up to 8 options in one column.
    Some,
    /// Up to 16 options in 2 columns.
    Many,
    /// Up to 36 options in 3 columns.
    Crowded,
    /// More options, in 4 columns.
    Packed,
}

impl Density {
    pub(super) const fn of(options: usize) -> Self {
        match options {
            0..=4 => Self::Few,
            5..=8 => Self::Some,
            9..=16 => Self::Many,
            17..=36 => Self::Crowded,
            _ => Self::Packed,
        }
    }

    /// Returns the class of the list.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Few => "few",
            Self::Some => "some",
            Self::Many => "many",
            Self::Crowded => "crowded",
            Self::Packed => "packed",
        }
    }

    /// Returns the maximum number of characters of a text on one line in large letters.
    /// Measured at 1920 × 1080 with average Latin letters.
    pub(super) const fn max_characters(self) -> usize {
        match self {
            Self::Few => 26,
            Self::Some => 31,
            Self::Many => 16,
            Self::Crowded => 17,
            Self::Packed => 18,
        }
    }
}
