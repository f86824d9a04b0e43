use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::cli::StoreArgs;
use crate::error::CliError;
use crate::settings::settings_file::{File, Value};

/// The sources of settings: flags and environment, read by clap, then the file.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    matches: &'a ArgMatches,
    path: PathBuf,
    file: File,
}

impl<'a> Sources<'a> {
    /// Reads the settings file, if one is named. `matches` belong to the subcommand of
    /// `args`.
    pub(crate) fn read(args: &StoreArgs, matches: &'a ArgMatches) -> Result<Self, CliError> {
        let (path, file) = match args.config.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => File::read(path)?,
            None => Default::default(),
        };
        Ok(Self {
            matches,
            path,
            file,
        })
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// Returns a setting from the first source that has it. `name` is the flag without
    /// leading dashes.
    pub(super) fn setting(
        &self,
        name: &'static str,
        argument: Option<&String>,
        in_file: Option<&Value>,
    ) -> Setting<'_> {
        let from_environment =
            self.matches.value_source(&name.replace('-', "_")) == Some(ValueSource::EnvVariable);
        let argument = argument.filter(|text| !(from_environment && text.is_empty()));
        let given = match (argument, in_file) {
            (Some(text), _) if from_environment => {
                Some((text.clone(), Origin::Variable(variable(name))))
            }
            (Some(text), _) => Some((text.clone(), Origin::Flag)),
            (None, Some(value)) => Some((value.0.clone(), Origin::File(&self.path))),
            (None, None) => None,
        };
        Setting {
            name,
            given,
            is_private: false,
        }
    }

    /// Returns a setting that has a key, but neither a flag nor a variable.
    pub(super) fn only_in_file(&self, name: &'static str, in_file: Option<&Value>) -> Setting<'_> {
        Setting {
            name,
            given: in_file.map(|value| (value.0.clone(), Origin::File(&self.path))),
            is_private: false,
        }
    }

    /// Returns a setting that has a variable and a key, but no flag.
    pub(super) fn without_flag(
        &self,
        name: &'static str,
        in_file: Option<&Value>,
    ) -> Result<Setting<'_>, CliError> {
        let variable = variable(name);
        let in_environment = std::env::var_os(&variable).filter(|text| !text.is_empty());
        let given = match in_environment.map(OsString::into_string) {
            Some(Ok(text)) => Some((text, Origin::Variable(variable))),
            Some(Err(_)) => return Err(CliError::usage(format!("{variable}: must be UTF-8"))),
            None => in_file.map(|value| (value.0.clone(), Origin::File(&self.path))),
        };
        Ok(Setting {
            name,
            given,
            is_private: true,
        })
    }
}

fn variable(name: &str) -> String {
    match name {
        "log" => "RUST_LOG".to_owned(),
        _ => format!("VOTIFY_{}", name.replace('-', "_").to_uppercase()),
    }
}

/// A setting as given, with its source.
pub(super) struct Setting<'a> {
    name: &'static str,
    given: Option<(String, Origin<'a>)>,
    is_private: bool,
}

enum Origin<'a> {
    Flag,
    Variable(String),
    File(&'a PathBuf),
}

impl Setting<'_> {
    /// Marks the value as one that may hold a password, so that errors do not repeat it.
    pub(super) fn private(mut self) -> Self {
        self.is_private = true;
        self
    }

    /// Parses the value. Returns `None` if no source has it.
    pub(super) fn parse<T>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, CliError> {
        let Some((text, _)) = &self.given else {
            return Ok(None);
        };
        match parse(text.trim()) {
            Ok(value) => Ok(Some(value)),
            Err(problem) if self.is_private => Err(CliError::usage(format!("{self}: {problem}"))),
            Err(problem) => Err(CliError::usage(format!("{self} {text:?}: {problem}"))),
        }
    }

    /// Parses the value, or the default.
    pub(super) fn parse_or<T>(
        &self,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, CliError> {
        match self.parse(&parse)? {
            Some(value) => Ok(value),
            None => parse(default).map_err(|problem| {
                CliError::failed(format!("the default of {}: {problem}", self.name))
            }),
        }
    }
}

/// Writes the name of the setting in its source: `--listen`, `VOTIFY_LISTEN`,
/// `votify.toml: listen`.
impl fmt::Display for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.given {
            Some((_, Origin::Variable(name))) => f.write_str(name),
            Some((_, Origin::File(path))) => {
                // Flags have no tables.
                let name = self.name.replacen("theme-", "theme.", 1);
                write!(f, "{}: {name}", path.display())
            }
            Some((_, Origin::Flag)) | None => write!(f, "--{}", self.name),
        }
    }
}
