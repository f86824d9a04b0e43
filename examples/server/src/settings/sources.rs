use std::fmt;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::cli::StoreArgs;
use crate::failure::Failure;
use crate::settings::file::{File, Value};

/// Where settings come from: flags and environment (as clap found them), then the file.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    matches: &'a ArgMatches,
    path: PathBuf,
    file: File,
}

impl<'a> Sources<'a> {
    /// Reads the settings file, if one is named. `matches` are those of the subcommand that `args` belong to.
    pub(crate) fn read(args: &StoreArgs, matches: &'a ArgMatches) -> Result<Self, Failure> {
        let (path, file) = match args.config.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => File::read(path)?,
            None => Default::default(),
        };
        Ok(Self { matches, path, file })
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// A setting, from where it is given first. `name` is the flag's, without dashes in front.
    pub(super) fn setting(&self, name: &'static str, argument: Option<&String>, in_file: Option<&Value>) -> Setting<'_> {
        let from_environment = self.matches.value_source(&name.replace('-', "_")) == Some(ValueSource::EnvVariable);
        let argument = argument.filter(|text| !(from_environment && text.is_empty()));
        let given = match (argument, in_file) {
            (Some(text), _) if from_environment => Some((text.clone(), Origin::Variable(variable(name)))),
            (Some(text), _) => Some((text.clone(), Origin::Flag)),
            (None, Some(value)) => Some((value.0.clone(), Origin::File(&self.path))),
            (None, None) => None,
        };
        Setting { name, given, private: false }
    }

    /// A setting that has a variable and a key, but no flag.
    pub(super) fn unflagged(&self, name: &'static str, in_file: Option<&Value>) -> Setting<'_> {
        let variable = variable(name);
        let given = match std::env::var_os(&variable).filter(|text| !text.is_empty()) {
            Some(text) => Some((text.to_string_lossy().into_owned(), Origin::Variable(variable))),
            None => in_file.map(|value| (value.0.clone(), Origin::File(&self.path))),
        };
        Setting { name, given, private: true }
    }
}

fn variable(name: &str) -> String {
    match name {
        "log" => "RUST_LOG".to_owned(),
        _ => format!("VOTIFY_{}", name.replace('-', "_").to_uppercase()),
    }
}

/// One setting as it was given, and where.
pub(super) struct Setting<'a> {
    name: &'static str,
    given: Option<(String, Origin<'a>)>,
    private: bool,
}

enum Origin<'a> {
    Flag,
    Variable(String),
    File(&'a PathBuf),
}

impl Setting<'_> {
    /// The text may hold a password, so an error does not repeat it.
    pub(super) fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// The value, or `None` if it was given nowhere.
    pub(super) fn parse<T>(&self, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, Failure> {
        let Some((text, _)) = &self.given else {
            return Ok(None);
        };
        match parse(text.trim()) {
            Ok(value) => Ok(Some(value)),
            Err(problem) if self.private => Err(Failure::usage(format!("{self}: {problem}"))),
            Err(problem) => Err(Failure::usage(format!("{self} {text:?}: {problem}"))),
        }
    }

    /// The value, or the default's, which is one that `parse` takes.
    pub(super) fn parse_or<T>(&self, default: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
        match self.parse(&parse)? {
            Some(value) => Ok(value),
            None => parse(default).map_err(|problem| Failure::failed(format!("the default of {}: {problem}", self.name))),
        }
    }
}

/// Names the setting as it was given: `--listen`, `VOTIFY_LISTEN`, `votify.toml: listen`.
impl fmt::Display for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.given {
            Some((_, Origin::Variable(name))) => f.write_str(name),
            Some((_, Origin::File(path))) => write!(f, "{}: {}", path.display(), self.name),
            Some((_, Origin::Flag)) | None => write!(f, "--{}", self.name),
        }
    }
}
