use serde::Serialize;
use url::Url;

use crate::failure::Failure;
use crate::settings::ServeSettings;

/// What stands in place of a secret. Too short to be one: a server that is given it does not start.
const HIDDEN: &str = "***";

/// The settings as the file has them.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Printed {
    listen: String,
    store: String,
    broadcast: &'static str,
    cache: &'static str,
    queue: &'static str,
    images: &'static str,
    limits: &'static str,
    vote_rate: String,
    session_rate: String,
    streams_per_address: Count,
    trusted_proxies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    log: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Count {
    Number(u32),
    Off(&'static str),
}

pub(super) fn to_toml(settings: &ServeSettings) -> Result<String, Failure> {
    let limits = &settings.limits;
    let or_off = |quota: Option<votify_core::Quota>| {
        quota.map_or_else(|| "off".to_owned(), |quota| quota.to_string())
    };
    let printed = Printed {
        listen: settings.listen.to_string(),
        store: without_password(settings.common.store.as_str()),
        broadcast: "local:",
        cache: "none",
        queue: "none",
        images: "off",
        limits: if limits.counted { "local:" } else { "off" },
        vote_rate: or_off(limits.vote_rate),
        session_rate: or_off(limits.session_rate),
        streams_per_address: limits
            .streams_per_address
            .map_or(Count::Off("off"), |count| Count::Number(count.get())),
        trusted_proxies: settings
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect(),
        public_url: settings.public_url.as_ref().map(ToString::to_string),
        log: settings.common.log.clone(),
        secret: settings.secret.as_ref().map(|_| HIDDEN),
    };
    toml::to_string(&printed)
        .map_err(|error| Failure::failed(format!("cannot print the settings: {error}")))
}

/// The URL with its password hidden, if it has one.
fn without_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => match url.set_password(Some(HIDDEN)) {
            Ok(()) => url.into(),
            Err(()) => HIDDEN.to_owned(),
        },
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_and_the_rest_is_shown() {
        assert_eq!(
            without_password("redis://votify:hunter2@cache:6379/0"),
            "redis://votify:***@cache:6379/0"
        );
        assert_eq!(
            without_password("sqlite://votify.db?mode=rwc"),
            "sqlite://votify.db?mode=rwc"
        );
    }
}
