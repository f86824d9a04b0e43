//! Time budgets per package: they show in which crate a test run became slower.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::junit::TimedTest;
use super::tier::Tier;

/// The time that the tests of a package may take together, in test seconds.
///
/// Test seconds are summed over tests that run in parallel. Unlike wall-clock time, they
/// do not depend on which other package's tests run at the same time.
struct Budget {
    package: &'static str,
    full: u64,
    quick: u64,
}

/// 11 minutes of wall-clock time with 4 tests at a time (full) and 2 minutes 40 seconds with
/// 6 at a time (quick), divided in proportion to a measured run. The quick run keeps 2
/// processors busy for all of its time.
const BUDGETS: &[Budget] = &[
    budget("votify", 5, 5),
    budget("votify-core", 70, 70),
    budget("votify-sqlx", 1100, 320),
    budget("votify-redis", 700, 310),
    budget("votify-axum", 70, 95),
    budget("votify-server", 350, 95),
    budget("votify-redb", 50, 55),
    budget("votify-embed", 15, 5),
    budget("votify-other-origin", 5, 5),
    budget("xtask", 5, 5),
];

const fn budget(package: &'static str, full: u64, quick: u64) -> Budget {
    Budget {
        package,
        full,
        quick,
    }
}

impl Budget {
    fn limit(&self, tier: Tier) -> Option<Duration> {
        match tier {
            Tier::Full => Some(Duration::from_secs(self.full)),
            Tier::Quick => Some(Duration::from_secs(self.quick)),
            Tier::Endurance => None,
        }
    }
}

/// Number of tests that the report lists by name.
const SLOWEST_TESTS: usize = 10;

/// A printable summary of where a test run spent its time.
#[derive(Debug)]
pub(super) struct Report<'a> {
    packages: Vec<PackageTime<'a>>,
    slowest: Vec<&'a TimedTest>,
}

#[derive(Debug)]
struct PackageTime<'a> {
    name: &'a str,
    tests: usize,
    /// From the start of the package's first test to the end of its last.
    wall: Duration,
    test_time: Duration,
    budget: Option<Duration>,
}

impl<'a> Report<'a> {
    pub(super) fn new(tests: &'a [TimedTest], tier: Tier) -> Self {
        let mut by_package = BTreeMap::<_, Vec<_>>::new();
        for test in tests {
            by_package
                .entry(test.package.as_str())
                .or_default()
                .push(test);
        }
        let packages = by_package.into_iter();
        let mut slowest: Vec<_> = tests.iter().collect();
        slowest.sort_by_key(|test| std::cmp::Reverse(test.duration));
        slowest.truncate(SLOWEST_TESTS);
        Self {
            packages: packages
                .map(|(name, tests)| PackageTime::new(name, &tests, tier))
                .collect(),
            slowest,
        }
    }
}

impl<'a> PackageTime<'a> {
    fn new(name: &'a str, tests: &[&TimedTest], tier: Tier) -> Self {
        let start = tests.iter().map(|test| test.started).min();
        let end = tests.iter().map(|test| test.started + test.duration).max();
        let wall = start.zip(end).map(|(start, end)| end - start);
        let budget = BUDGETS.iter().find(|budget| budget.package == name);
        Self {
            name,
            tests: tests.len(),
            wall: wall.and_then(|wall| wall.to_std().ok()).unwrap_or_default(),
            test_time: tests.iter().map(|test| test.duration).sum(),
            budget: budget.and_then(|budget| budget.limit(tier)),
        }
    }

    fn is_over_budget(&self) -> bool {
        self.budget.is_some_and(|budget| self.test_time > budget)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:16} {:>6} {:>8} {:>10} {:>8}",
            "package", "tests", "wall", "test time", "budget"
        )?;
        for package in &self.packages {
            let budget = package
                .budget
                .map_or_else(|| "-".to_owned(), |limit| format!("{} s", limit.as_secs()));
            writeln!(
                f,
                "{:16} {:>6} {:>6.0} s {:>8.0} s {budget:>8}",
                package.name,
                package.tests,
                package.wall.as_secs_f64(),
                package.test_time.as_secs_f64(),
            )?;
        }
        for package in self.packages.iter().filter(|one| one.is_over_budget()) {
            writeln!(
                f,
                "notice: the tests of {} are over their budget; \
                 see xtask/src/test/budget.rs",
                package.name
            )?;
        }
        writeln!(f, "\nslowest tests")?;
        for test in &self.slowest {
            writeln!(f, "{:>8.1} s  {}", test.duration.as_secs_f64(), test.name)?;
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn test(package: &str, start: i64, seconds: u64) -> TimedTest {
        TimedTest {
            package: package.to_owned(),
            name: format!("{package} runs_{seconds}"),
            started: DateTime::from_timestamp(start, 0).unwrap().fixed_offset(),
            duration: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn parallel_tests_add_up_to_more_than_the_wall_clock_time() {
        let tests = [test("votify-core", 10, 5), test("votify-core", 12, 4)];
        let report = Report::new(&tests, Tier::Full);
        let [package] = &report.packages[..] else {
            panic!("{report:?}")
        };
        assert_eq!(package.tests, 2);
        assert_eq!(package.wall, Duration::from_secs(6));
        assert_eq!(package.test_time, Duration::from_secs(9));
    }

    #[test]
    fn a_package_over_its_budget_is_named() {
        let slow = [test("votify-core", 0, 100_000)];
        let report = Report::new(&slow, Tier::Full).to_string();
        assert!(
            report.contains("the tests of votify-core are over"),
            "{report}"
        );
        let quick = [test("votify-core", 0, 1), test("other", 0, 100_000)];
        let report = Report::new(&quick, Tier::Quick).to_string();
        assert!(!report.contains("are over"), "{report}");
    }

    #[test]
    fn the_slowest_tests_come_first_and_are_at_most_ten() {
        let tests: Vec<_> = (0..20).map(|seconds| test("a", 0, seconds)).collect();
        let report = Report::new(&tests, Tier::Endurance);
        let durations: Vec<_> = report
            .slowest
            .iter()
            .map(|one| one.duration.as_secs())
            .collect();
        assert_eq!(durations, (10..20).rev().collect::<Vec<_>>());
    }
}
