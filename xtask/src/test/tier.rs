/// A selection of the workspace's tests.
///
/// The profiles in `.config/nextest.toml` hold the filters for nextest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    /// All tests except endurance tests.
    Full,
    /// [`Tier::Full`] without the fleet, browser tests, tests that start servers of their
    /// own, and repeats of the laws on further set-ups of a store.
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

    /// Returns true if tests of this tier run scripts in Node.js.
    pub(super) fn runs_scripts(self) -> bool {
        self != Self::Endurance
    }

    /// Returns true if tests of this tier start browsers.
    pub(super) fn starts_browsers(self) -> bool {
        self == Self::Full
    }

    pub(super) fn includes_doctests(self) -> bool {
        self != Self::Endurance
    }

    /// Returns the number of random cases of each law, if it is not the default.
    pub(super) fn random_cases(self) -> Option<&'static str> {
        (self == Self::Quick).then_some("16")
    }

    /// Returns the substrings of test paths that `cargo test` skips in this tier.
    pub(super) fn skipped(self) -> &'static [&'static str] {
        match self {
            Self::Full => &["endurance"],
            Self::Quick => &[
                "endurance",
                "private_server",
                "fleet::",
                "browser::",
                "host_pool",
                "in_memory",
                "two_instances",
                "on_postgres",
                "conformance::postgres::",
                "conformance::mysql::",
                "a_million_addresses",
                "random_operations_detect",
                "all_laws_hold_with_flushes",
                "broker::laws",
            ],
            Self::Endurance => &[],
        }
    }
}
