/// A selection of the workspace's tests.
///
/// The profiles in `.config/nextest.toml` hold the filters for nextest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    /// All tests except endurance tests.
    Full,
    /// [`Tier::Full`] without the fleet and without tests that start servers of their
    /// own.
    Quick,
    /// Endurance tests only.
    Endurance,
}

impl Tier {
    /// Returns the nextest profile that selects these tests.
    pub(super) fn profile(self) -> &'static str {
        match self {
            Self::Full => "default",
            Self::Quick => "quick",
            Self::Endurance => "endurance",
        }
    }

    /// Returns true if tests of this tier start servers of their own from installed
    /// programs.
    pub(super) fn starts_servers(self) -> bool {
        self != Self::Quick
    }

    pub(super) fn includes_doctests(self) -> bool {
        self != Self::Endurance
    }

    /// Returns the substrings of test paths that `cargo test` skips in this tier.
    pub(super) fn skipped(self) -> &'static [&'static str] {
        match self {
            Self::Full => &["endurance"],
            Self::Quick => &["endurance", "private_server", "fleet::"],
            Self::Endurance => &[],
        }
    }
}
