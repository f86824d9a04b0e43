use std::error::Error;
use std::fmt;

use votify_axum::{JwksError, JwksIdentity};

use crate::cli::ServeArgs;
use crate::error::CliError;
use crate::settings::server_url::ServerUrl;
use crate::settings::sources::Sources;

/// The issuer of Votify's own tokens.
const OWN: &str = "votify";

/// An outside issuer whose tokens are logins too.
#[derive(Debug)]
pub(crate) struct IssuerSettings {
    /// The `iss` of its tokens.
    pub(crate) issuer: String,
    pub(crate) keys: KeySetLocation,
    /// The `aud` of its tokens.
    pub(crate) audience: String,
}

/// The location of a JSON Web Key Set. `Display` and `Debug` hide the password of a URL.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeySetLocation {
    Url(ServerUrl),
    File(String),
}

impl fmt::Display for KeySetLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::File(path) => f.write_str(path),
        }
    }
}

/// Reads the three settings. Returns `None` if none is given.
pub(super) fn read(
    args: &ServeArgs,
    sources: &Sources<'_>,
) -> Result<Option<IssuerSettings>, CliError> {
    let file = sources.file();
    let issuer = sources
        .setting(
            "oidc-issuer",
            args.oidc_issuer.as_ref(),
            file.oidc_issuer.as_ref(),
        )
        .parse(issuer)?;
    let keys = sources
        .setting("jwks", args.jwks.as_ref(), file.jwks.as_ref())
        .private()
        .parse(location)?;
    let audience = sources
        .setting(
            "oidc-audience",
            args.oidc_audience.as_ref(),
            file.oidc_audience.as_ref(),
        )
        .parse(required)?;
    match (issuer, keys, audience) {
        (None, None, None) => Ok(None),
        (Some(issuer), Some(keys), Some(audience)) => Ok(Some(IssuerSettings {
            issuer,
            keys,
            audience,
        })),
        (issuer, keys, audience) => {
            let missing = [
                ("--oidc-issuer", issuer.is_none()),
                ("--jwks", keys.is_none()),
                ("--oidc-audience", audience.is_none()),
            ];
            let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
            let missing: Vec<_> = missing.map(|(name, _)| name).collect();
            Err(CliError::usage(format!(
                "set {} too: the tokens of an outside issuer need --oidc-issuer, --jwks and --oidc-audience",
                missing.join(" and ")
            )))
        }
    }
}

fn required(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    Ok(text.to_owned())
}

fn issuer(text: &str) -> Result<String, String> {
    if text == OWN {
        return Err(format!("{OWN} is the issuer of the server's own accounts"));
    }
    required(text)
}

fn location(text: &str) -> Result<KeySetLocation, String> {
    if let Some(path) = text.strip_prefix("file://") {
        return Err(format!(
            "write the path of a file without file://, such as {path}"
        ));
    }
    if text.contains("://") {
        return ServerUrl::parse(text).map(KeySetLocation::Url);
    }
    required(text).map(KeySetLocation::File)
}

impl IssuerSettings {
    /// Reads a file of keys. A URL is fetched on the first use.
    pub(crate) fn open(&self) -> Result<JwksIdentity, CliError> {
        let (issuer, audience) = (self.issuer.as_str(), self.audience.as_str());
        let opened = match &self.keys {
            KeySetLocation::Url(url) => JwksIdentity::from_url(url.as_str(), issuer, audience),
            KeySetLocation::File(path) => JwksIdentity::from_file(path, issuer, audience),
        };
        opened.map_err(|error| self.explained(&error))
    }

    fn explained(&self, error: &JwksError) -> CliError {
        let cause = error.source().map(|cause| format!(": {cause}"));
        let cause = cause.unwrap_or_default();
        CliError::usage(format!("--jwks {}: {error}{cause}", self.keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_at_a_url_or_in_a_file() {
        let url = location("https://user:hunter2@login.example.org/keys").unwrap();
        assert_eq!(url.to_string(), "https://user:***@login.example.org/keys");
        let file = location("keys.json").unwrap();
        assert_eq!(file, KeySetLocation::File("keys.json".to_owned()));
        let error = location("file:///etc/keys.json").unwrap_err();
        assert!(error.ends_with("such as /etc/keys.json"), "{error}");
        assert!(location("").is_err() && location("https://").is_err());
        assert!(issuer("votify").unwrap_err().contains("own accounts"));
    }
}
