use std::fmt;
use std::process::ExitCode;

/// Why the program ends without having done what it was asked to: one line for a person, and an exit code for a script.
///
/// No secret ever goes into the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A setting or argument is wrong: exit code 2.
    Usage(String),
    /// It was asked for properly and did not work: exit code 1.
    Failed(String),
}

impl Failure {
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::Usage(line.into())
    }

    pub(crate) fn failed(line: impl Into<String>) -> Self {
        Self::Failed(line.into())
    }

    /// Names the setting, and what its error and the causes of that say.
    pub(crate) fn of_setting(setting: &str, error: &dyn std::error::Error) -> Self {
        let mut line = format!("{setting}: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            line.push_str(": ");
            line.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::Failed(line)
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(line) | Self::Failed(line)) = self;
        // Whatever a library said inside of it, it stays one line.
        let mut words = line.split_whitespace();
        words.next().map_or(Ok(()), |word| f.write_str(word))?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::failed("cannot open x\n  because of y\n");
        assert_eq!(failure.to_string(), "cannot open x because of y");
    }
}
