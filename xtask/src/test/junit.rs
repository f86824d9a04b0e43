use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, FixedOffset};
use roxmltree::{Document, Node};

/// A finished test of nextest's JUnit report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimedTest {
    pub(super) package: String,
    /// The test program and the test's path in it, as nextest prints them.
    pub(super) name: String,
    pub(super) started: DateTime<FixedOffset>,
    pub(super) duration: Duration,
}

/// Parses nextest's JUnit report.
///
/// # Errors
/// Returns an error if the text is not such a report.
pub(super) fn parse(xml: &str) -> Result<Vec<TimedTest>> {
    let document = Document::parse(xml)?;
    let nodes = document.descendants();
    nodes
        .filter(|node| node.has_tag_name("testcase"))
        .map(test)
        .collect()
}

fn test(node: Node<'_, '_>) -> Result<TimedTest> {
    let attribute = |name: &str| {
        node.attribute(name)
            .with_context(|| format!("a testcase without {name}"))
    };
    // For example `votify-core`, `votify-sqlx::it` or `votify-server::bin/votify`.
    let program = attribute("classname")?;
    let package = program.split("::").next().unwrap_or(program);
    Ok(TimedTest {
        package: package.to_owned(),
        name: format!("{program} {}", attribute("name")?),
        started: DateTime::parse_from_rfc3339(attribute("timestamp")?)?,
        duration: Duration::try_from_secs_f64(attribute("time")?.parse()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_lists_programs_and_durations() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="nextest-run" tests="1" failures="0" errors="0" time="2.000">
                <testsuite name="votify-sqlx::it" tests="1" disabled="0" errors="0" failures="0">
                    <testcase name="cache::a &lt; b" classname="votify-sqlx::it"
                              timestamp="2026-11-27T23:14:08.250+00:00" time="1.500">
                    </testcase>
                </testsuite>
            </testsuites>"#;
        let tests = parse(xml).unwrap();
        assert_eq!(tests.len(), 1);
        assert_eq!(tests[0].package, "votify-sqlx");
        assert_eq!(tests[0].name, "votify-sqlx::it cache::a < b");
        assert_eq!(tests[0].duration, Duration::from_millis(1500));
    }
}
