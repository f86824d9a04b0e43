use crate::error::CliError;
use crate::settings::ServeSettings;
use crate::settings::server_url::HIDDEN;
use serde::Serialize;

/// The settings in the form of the file.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Printed {
    listen: String,
    store: String,
    migrate: bool,
    require_durable: bool,
    broadcast: String,
    cache: String,
    queue: &'static str,
    images: &'static str,
    accounts: bool,
    limits: String,
    vote_rate: String,
    session_rate: String,
    login_rate: String,
    register_rate: String,
    streams_per_address: Count,
    response_memory: String,
    response_memory_per_address: String,
    trusted_proxies: Vec<String>,
    client_address_header: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    allowed_hosts: Vec<String>,
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

pub(super) fn to_toml(settings: &ServeSettings) -> Result<String, CliError> {
    let limits = &settings.limits;
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
        queue: "none",
        images: "off",
        accounts: settings.accounts,
        limits: limits.limiter.to_string(),
        vote_rate: or_off(limits.vote_rate),
        session_rate: or_off(limits.session_rate),
        login_rate: or_off(limits.login_rate),
        register_rate: or_off(limits.register_rate),
        streams_per_address: limits
            .streams_per_address
            .map_or(Count::Off("off"), |count| Count::Number(count.get())),
        response_memory: settings.response_memory.total.to_string(),
        response_memory_per_address: settings.response_memory.per_address.to_string(),
        trusted_proxies: settings
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect(),
        client_address_header: settings.client_address_header.to_string(),
        public_url: settings.public_url.as_ref().map(ToString::to_string),
        allowed_hosts: settings
            .allowed_hosts
            .iter()
            .map(ToString::to_string)
            .collect(),
        log: settings.common.log.clone(),
        secret: settings.secret.as_ref().map(|_| HIDDEN),
    };
    toml::to_string(&printed)
        .map_err(|error| CliError::failed(format!("cannot print the settings: {error}")))
}
