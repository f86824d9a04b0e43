use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use crate::error::CliError;
use crate::settings::theme::ThemeFile;

/// The keys of the settings file, named like the flags.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct File {
    pub(super) accounts: Option<Value>,
    pub(super) aggregate: Option<Value>,
    pub(super) allowed_hosts: Option<Value>,
    pub(super) allowed_origins: Option<Value>,
    pub(super) broadcast: Option<Value>,
    pub(super) cache: Option<Value>,
    pub(super) client_address_header: Option<Value>,
    pub(super) connections_per_address: Option<Value>,
    pub(super) create: Option<Value>,
    pub(super) frame_ancestors: Option<Value>,
    pub(super) images: Option<Value>,
    pub(super) invite_rate: Option<Value>,
    pub(super) join_rate: Option<Value>,
    pub(super) jwks: Option<Value>,
    pub(super) limits: Option<Value>,
    pub(super) listen: Option<Value>,
    pub(super) log: Option<Value>,
    pub(super) login_rate: Option<Value>,
    pub(super) migrate: Option<Value>,
    pub(super) oidc_audience: Option<Value>,
    pub(super) oidc_issuer: Option<Value>,
    pub(super) owner_invite_rate: Option<Value>,
    pub(super) owner_poll_rate: Option<Value>,
    pub(super) poll_bytes_rate: Option<Value>,
    pub(super) poll_rate: Option<Value>,
    pub(super) public_url: Option<Value>,
    pub(super) queue: Option<Value>,
    pub(super) register_rate: Option<Value>,
    pub(super) remove_unused_polls: Option<Value>,
    pub(super) require_durable: Option<Value>,
    pub(super) response_memory: Option<Value>,
    pub(super) response_memory_per_address: Option<Value>,
    pub(super) secret: Option<Value>,
    pub(super) session_polls: Option<Value>,
    pub(super) session_rate: Option<Value>,
    pub(super) store: Option<Value>,
    pub(super) streams_per_address: Option<Value>,
    pub(super) theme: Option<ThemeFile>,
    pub(super) trusted_proxies: Option<Value>,
    pub(super) vote_rate: Option<Value>,
}

impl File {
    pub(super) fn read(path: &OsStr) -> Result<(PathBuf, Self), CliError> {
        let path = Path::new(path).to_owned();
        let text = std::fs::read_to_string(&path).map_err(|error| {
            CliError::usage(format!(
                "--config {}: cannot be read: {error}",
                path.display()
            ))
        })?;
        // The error's `Display` would quote the line, which may hold the secret.
        let file = toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |before| before.matches('\n').count() + 1);
            CliError::usage(format!("{}:{line}: {}", path.display(), error.message()))
        })?;
        Ok((path, file))
    }
}

/// A value in the form of a flag: a text, a number, or a list with its items joined by
/// commas.
///
/// `Debug` hides it, because it may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Value(pub(super) String);

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(..)")
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, true or false, or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value(flag.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut texts: Vec<String> = Vec::new();
        while let Some(text) = items.next_element()? {
            texts.push(text);
        }
        Ok(Value(texts.join(",")))
    }
}
