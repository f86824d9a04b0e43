use std::fmt;

use crate::machine::Machine;

/// What one benchmark found.
#[derive(Debug)]
pub(crate) struct Figure {
    /// Its name, as on the command line.
    pub(crate) name: &'static str,
    /// What was done, in a sentence or two.
    pub(crate) about: String,
    /// What was measured.
    pub(crate) rows: Vec<Row>,
}

/// One measured quantity.
#[derive(Debug)]
pub(crate) struct Row {
    what: String,
    unit: &'static str,
    runs: Vec<f64>,
    target: Option<Target>,
    aim: Option<Target>,
}

/// What the project set itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    /// `runs` are the same quantity, measured several times.
    pub(crate) fn new(what: impl Into<String>, unit: &'static str, mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        Self {
            what: what.into(),
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

    /// A further target, beyond the first one.
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
            [first, .., last] => {
                format!(
                    "{}–{} in {} runs",
                    number(*first),
                    number(*last),
                    self.runs.len()
                )
            }
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

/// Three significant digits or all before the point, in groups of three.
fn number(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
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
            let (what, unit) = (&row.what, row.unit);
            table.push_str(&format!(
                "| {what} | {median} {unit} | {spread} | {verdict} |\n"
            ));
        }
        table
    }

    /// What stands of it on the page below its name.
    pub(crate) fn section(&self, machine: &Machine) -> String {
        let (name, about, table) = (self.name, &self.about, self.table());
        format!("{about}\n\n- `cargo xtask bench {name}`\n{machine}\n{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(Row::new("", "", vec![9.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(Row::new("", "", vec![4.0, 1.0, 2.0, 3.0]).median(), 2.5);
    }

    #[test]
    fn targets_bound_from_below_or_above() {
        let row = |target| Row::new("", "", vec![5.0]).target(target).verdict();
        assert_eq!(row(Target::AtLeast(6.0)), "at least 6.00: missed");
        assert_eq!(row(Target::AtMost(6.0)), "at most 6.00: met");
        let row = Row::new("", "", vec![85.0])
            .target(Target::AtLeast(80.0))
            .aim(Target::AtLeast(90.0));
        assert_eq!(row.verdict(), "at least 80.0: met; aim 90.0: missed");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(1_234_567.0), "1 234 567");
        assert_eq!(number(123.4), "123");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(1.234), "1.23");
    }
}
