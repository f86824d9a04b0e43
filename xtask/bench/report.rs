//! A measured figure: its rows, their targets, and their Markdown.

use std::fmt;

use crate::machine::Machine;

/// The result of one benchmark.
#[derive(Debug)]
pub(crate) struct Figure {
    /// Name on the command line.
    pub(crate) name: &'static str,
    /// What is measured and how, in a few sentences.
    pub(crate) about: String,
    pub(crate) rows: Vec<Row>,
}

/// One measured quantity.
#[derive(Debug)]
pub(crate) struct Row {
    label: String,
    unit: &'static str,
    runs: Vec<f64>,
    target: Option<Target>,
    aim: Option<Target>,
}

/// A bound that the median has to meet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    /// `runs` holds one value per run.
    pub(crate) fn new(label: impl Into<String>, unit: &'static str, mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        Self {
            label: label.into(),
            unit,
            runs,
            target: None,
            aim: None,
        }
    }

    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Sets a further goal beyond the target.
    pub(crate) fn aim(mut self, aim: Target) -> Self {
        self.aim = Some(aim);
        self
    }

    fn median(&self) -> f64 {
        let (below, above) = ((self.runs.len().max(1) - 1) / 2, self.runs.len() / 2);
        let at = |index: usize| self.runs.get(index).copied().unwrap_or(f64::NAN);
        f64::midpoint(at(below), at(above))
    }

    fn spread(&self) -> String {
        match self.runs.as_slice() {
            [] | [_] => "one run".to_owned(),
            [min, .., max] => format!(
                "{}–{} in {} runs",
                number(*min),
                number(*max),
                self.runs.len()
            ),
        }
    }

    fn verdict(&self) -> String {
        let Some(target) = self.target else {
            return String::new();
        };
        let verdict = format!("{target}: {}", target.verdict(self.median()));
        match self.aim {
            None => verdict,
            Some(aim) => format!(
                "{verdict}; aim {}: {}",
                number(aim.bound()),
                aim.verdict(self.median())
            ),
        }
    }
}

impl Target {
    const fn bound(self) -> f64 {
        match self {
            Self::AtLeast(bound) | Self::AtMost(bound) => bound,
        }
    }

    fn verdict(self, value: f64) -> &'static str {
        let met = match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        };
        if met { "met" } else { "missed" }
    }
}
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::AtLeast(_) => "at least",
            Self::AtMost(_) => "at most",
        };
        write!(f, "{word} {}", number(self.bound()))
    }
}

/// Formats with three significant digits, or all digits before the point in groups of
/// three.
fn number(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    count(format_args!("{value:.0}"))
}

/// Groups the digits of a whole number: `2 000`.
pub(crate) fn count(number: impl fmt::Display) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n\n{}\n\n{}", self.name, self.about, self.table())
    }
}

impl Figure {
    fn table(&self) -> String {
        let mut table =
            "| measured | median | spread | target |\n| --- | --- | --- | --- |\n".to_owned();
        for row in &self.rows {
            let median = number(row.median());
            let (spread, verdict) = (row.spread(), row.verdict());
            let (label, unit) = (&row.label, row.unit);
            table.push_str(&format!(
                "| {label} | {median} {unit} | {spread} | {verdict} |\n"
            ));
        }
        table
    }

    /// Returns the section of the results page, without its heading.
    pub(crate) fn section(&self, machine: &Machine) -> String {
        let (name, about, table) = (self.name, &self.about, self.table());
        format!("{about}\n\n- `cargo xtask bench {name}`\n{machine}\n{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_the_middle_or_the_mean_of_two() {
        assert_eq!(Row::new("", "", vec![9.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(Row::new("", "", vec![4.0, 1.0, 2.0, 3.0]).median(), 2.5);
    }

    #[test]
    fn verdicts_name_target_and_aim() {
        let row = |target| Row::new("", "", vec![5.0]).target(target).verdict();
        assert_eq!(row(Target::AtLeast(6.0)), "at least 6.00: missed");
        assert_eq!(row(Target::AtMost(6.0)), "at most 6.00: met");
        let row = Row::new("", "", vec![85.0])
            .target(Target::AtLeast(80.0))
            .aim(Target::AtLeast(90.0));
        assert_eq!(row.verdict(), "at least 80.0: met; aim 90.0: missed");
    }

    #[test]
    fn digits_are_grouped_and_rounded() {
        assert_eq!(number(1_234_567.0), "1 234 567");
        assert_eq!(number(123.4), "123");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(1.234), "1.23");
    }
}
