use std::fmt;
use std::process::ExitCode;

/// Why a command failed: one line for a person and an exit code for a script.
///
/// The line never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CliError {
    /// A setting or argument is invalid: exit code 2.
    Usage(String),
    /// The command failed: exit code 1.
    Failed(String),
}

impl CliError {
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::Usage(line.into())
    }

    pub(crate) fn failed(line: impl Into<String>) -> Self {
        Self::Failed(line.into())
    }

    /// Describes `error` and its sources, after the name of the setting.
    pub(crate) fn for_setting(setting: &str, error: &dyn std::error::Error) -> Self {
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

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(line) | Self::Failed(line)) = self;
        // A library's message may have several lines; this stays one.
        let mut words = line.split_whitespace();
        words.next().map_or(Ok(()), |word| f.write_str(word))?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}

impl std::error::Error for CliError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line() {
        let error = CliError::failed("cannot open x\n  because of y\n");
        assert_eq!(error.to_string(), "cannot open x because of y");
    }
}
