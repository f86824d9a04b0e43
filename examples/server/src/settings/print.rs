use std::num::NonZeroU32;

use crate::error::CliError;
use crate::settings::ServeSettings;
use crate::settings::server_url::HIDDEN;
use crate::settings::theme::PrintedTheme;
use serde::Serialize;

/// The settings in the form of the file.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Printed<'a> {
    listen: String,
    store: String,
    migrate: bool,
    require_durable: bool,
    broadcast: String,
    cache: String,
    queue: String,
    aggregate: &'static str,
    images: &'static str,
    accounts: bool,
    create: String,
    limits: String,
    vote_rate: String,
    session_rate: String,
    join_rate: String,
    poll_rate: String,
    poll_bytes_rate: String,
    owner_poll_rate: String,
    invite_rate: String,
    owner_invite_rate: String,
    session_polls: Count,
    remove_unused_polls: String,
    login_rate: String,
    register_rate: String,
    streams_per_address: Count,
    connections_per_address: Count,
    response_memory: String,
    response_memory_per_address: String,
    trusted_proxies: Vec<String>,
    client_address_header: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    allowed_hosts: Vec<String>,
    allowed_origins: Vec<String>,
    frame_ancestors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc_issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc_audience: Option<String>,
    log: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<&'a PrintedTheme>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Count {
    Number(u64),
    Off(&'static str),
}

impl From<Option<NonZeroU32>> for Count {
    fn from(count: Option<NonZeroU32>) -> Self {
        count.map_or(Self::Off("off"), |count| Self::Number(count.get().into()))
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

pub(super) fn to_toml(settings: &ServeSettings) -> Result<String, CliError> {
    let limits = &settings.limits;
    let creation = &limits.creation;
    let issuer = settings.issuer.as_ref();
    let or_off = |rate: Option<votify_core::Rate>| {
        rate.map_or_else(|| "off".to_owned(), |rate| rate.to_string())
    };
    let printed = Printed {
        listen: settings.listen.to_string(),
        store: settings.common.store.to_string(),
        migrate: settings.migrate,
        require_durable: settings.require_durable,
        broadcast: settings.broadcast.to_string(),
        cache: settings.cache.to_string(),
        queue: settings.queue.to_string(),
        aggregate: if settings.aggregate { "on" } else { "off" },
        images: "off",
        accounts: settings.accounts,
        create: settings.create.to_string(),
        limits: limits.limiter.to_string(),
        vote_rate: or_off(limits.vote_rate),
        session_rate: or_off(limits.session_rate),
        join_rate: or_off(limits.join_rate),
        poll_rate: or_off(creation.poll_rate),
        poll_bytes_rate: or_off(creation.poll_bytes_rate),
        owner_poll_rate: or_off(creation.owner_poll_rate),
        invite_rate: or_off(creation.invite_rate),
        owner_invite_rate: or_off(creation.owner_invite_rate),
        session_polls: creation
            .session_polls
            .map_or(Count::Off("off"), Count::Number),
        remove_unused_polls: settings
            .remove_unused_polls
            .map_or_else(|| "off".to_owned(), |age| age.to_string()),
        login_rate: or_off(limits.login_rate),
        register_rate: or_off(limits.register_rate),
        streams_per_address: limits.streams_per_address.into(),
        connections_per_address: limits.connections_per_address.into(),
        response_memory: settings.response_memory.total.to_string(),
        response_memory_per_address: settings.response_memory.per_address.to_string(),
        trusted_proxies: texts(&settings.trusted_proxies),
        client_address_header: settings.client_address_header.to_string(),
        public_url: settings.public_url.as_ref().map(ToString::to_string),
        allowed_hosts: texts(&settings.allowed_hosts),
        allowed_origins: texts(&settings.allowed_origins),
        frame_ancestors: texts(&settings.frame_ancestors),
        oidc_issuer: issuer.map(|issuer| issuer.issuer.clone()),
        jwks: issuer.map(|issuer| issuer.keys.to_string()),
        oidc_audience: issuer.map(|issuer| issuer.audience.clone()),
        log: settings.common.log.clone(),
        secret: settings.secret.as_ref().map(|_| HIDDEN),
        theme: settings.theme.printed.as_ref(),
    };
    toml::to_string(&printed)
        .map_err(|error| CliError::failed(format!("cannot print the settings: {error}")))
}
