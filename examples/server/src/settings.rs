//! Settings, read from flags, environment and file, and checked before the program does
//! anything.
//!
//! Not the `config` crate: an error names the source of a bad value (flag, variable, or
//! file and key) and never repeats a value that may hold a password, and an empty
//! variable counts as unset. Each setting has one parser for all sources.

mod aggregate;
mod broadcast;
mod cache;
mod creation;
mod creators;
mod hosts;
mod issuer;
#[cfg(feature = "kafka")]
mod kafka_url;
mod limits_url;
mod listen;
mod origins;
mod print;
mod public_url;
mod queue;
mod rates;
mod redis_url;
mod response_memory;
mod secret;
mod secret_file;
mod server_url;
mod settings_file;
mod sources;
mod store;
mod theme;
mod unused_age;
mod variables;

pub(crate) use aggregate::AggregateSettings;
pub(crate) use broadcast::BroadcastUrl;
pub(crate) use cache::CacheUrl;
pub(crate) use creators::CreateSetting;
pub(crate) use hosts::check as check_hosts;
pub(crate) use issuer::IssuerSettings;
#[cfg(feature = "kafka")]
pub(crate) use kafka_url::KafkaUrl;
pub(crate) use limits_url::LimitsUrl;
pub(crate) use origins::warn_without_tls;
pub(crate) use queue::QueueUrl;
pub(crate) use rates::Limits;
pub(crate) use response_memory::ResponseMemory;
pub(crate) use secret::{check as check_secret, keyring};
pub(crate) use server_url::ServerUrl;
pub(crate) use sources::Sources;
pub(crate) use store::StoreUrl;
pub(crate) use theme::ThemeSettings;
pub(crate) use unused_age::UnusedAge;
pub(crate) use variables::warn_unknown as warn_unknown_variables;

use std::net::SocketAddr;

use ipnet::IpNet;
use votify_axum::{AllowedHost, ClientAddressHeader, InvalidHeaderName, Origin, PublicUrl};
use votify_core::Keyring;

use crate::cli::{ServeArgs, StoreArgs};
use crate::error::CliError;
use crate::log;

/// The settings of every command.
#[derive(Debug)]
pub(crate) struct StoreSettings {
    pub(crate) store: StoreUrl,
    /// A filter of `tracing-subscriber`.
    pub(crate) log: String,
}

/// The settings of `votify serve`.
#[derive(Debug)]
pub(crate) struct ServeSettings {
    pub(crate) common: StoreSettings,
    /// True if the schema of a database server is migrated at startup.
    pub(crate) migrate: bool,
    /// True if a store that may lose acknowledged votes is refused.
    pub(crate) require_durable: bool,
    pub(crate) broadcast: BroadcastUrl,
    pub(crate) cache: CacheUrl,
    pub(crate) queue: QueueUrl,
    /// True if this process counts the votes of the queue.
    pub(crate) aggregate: bool,
    pub(crate) listen: SocketAddr,
    /// True if accounts are served, provided that the store has them.
    pub(crate) accounts: bool,
    pub(crate) create: CreateSetting,
    pub(crate) limits: Limits,
    /// `None` if unused polls are kept.
    pub(crate) remove_unused_polls: Option<UnusedAge>,
    pub(crate) response_memory: ResponseMemory,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) client_address_header: ClientAddressHeader,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) allowed_hosts: Vec<AllowedHost>,
    pub(crate) allowed_origins: Vec<Origin>,
    pub(crate) frame_ancestors: Vec<Origin>,
    /// `None` if only own accounts log in.
    pub(crate) issuer: Option<IssuerSettings>,
    pub(crate) theme: ThemeSettings,
    /// The secrets given. Without any, [`keyring`] decides.
    pub(crate) secret: Option<Keyring>,
}

impl StoreSettings {
    pub(crate) fn read(args: &StoreArgs, sources: &Sources<'_>) -> Result<Self, CliError> {
        let file = sources.file();
        Ok(Self {
            store: sources
                .setting("store", args.store.as_ref(), file.store.as_ref())
                .private()
                .parse_or(StoreUrl::DEFAULT, store::parse)?,
            log: sources
                .setting("log", args.log.as_ref(), file.log.as_ref())
                .parse_or("info", log_filter)?,
        })
    }
}

impl ServeSettings {
    pub(crate) fn read(args: &ServeArgs, sources: &Sources<'_>) -> Result<Self, CliError> {
        let file = sources.file();
        let common = StoreSettings::read(&args.store, sources)?;
        sources
            .setting("images", args.images.as_ref(), file.images.as_ref())
            .private()
            .parse_or("off", |text| expect_only("off", text))?;
        let queue = QueueUrl::read(&args.queue, sources)?;
        queue.check(&common.store)?;
        let cache = CacheUrl::read(args.cache.as_ref(), sources, &common.store)?;
        Ok(Self {
            common,
            cache,
            queue,
            aggregate: sources
                .setting(
                    "aggregate",
                    args.aggregate.as_ref(),
                    file.aggregate.as_ref(),
                )
                .parse_or("on", on_or_off)?,
            migrate: sources
                .setting("migrate", args.migrate.as_ref(), file.migrate.as_ref())
                .parse_or("false", boolean)?,
            require_durable: sources
                .setting(
                    "require-durable",
                    args.require_durable.as_ref(),
                    file.require_durable.as_ref(),
                )
                .parse_or("false", boolean)?,
            broadcast: BroadcastUrl::read(args.broadcast.as_ref(), sources)?,
            listen: sources
                .setting("listen", args.listen.as_ref(), file.listen.as_ref())
                .parse_or("127.0.0.1:8080", listen::parse)?,
            accounts: sources
                .setting("accounts", args.accounts.as_ref(), file.accounts.as_ref())
                .parse_or("true", boolean)?,
            create: sources
                .setting("create", args.create.as_ref(), file.create.as_ref())
                .parse_or("anyone", creators::parse)?,
            limits: Limits::read(args, sources)?,
            remove_unused_polls: sources
                .setting(
                    "remove-unused-polls",
                    args.remove_unused_polls.as_ref(),
                    file.remove_unused_polls.as_ref(),
                )
                .parse_or("off", unused_age::parse)?,
            response_memory: ResponseMemory::read(args, sources)?,
            trusted_proxies: sources
                .setting(
                    "trusted-proxies",
                    args.trusted_proxies.as_ref(),
                    file.trusted_proxies.as_ref(),
                )
                .parse_or("", listen::parse_networks)?,
            client_address_header: sources
                .setting(
                    "client-address-header",
                    args.client_address_header.as_ref(),
                    file.client_address_header.as_ref(),
                )
                .parse_or("x-forwarded-for", |text| {
                    text.parse()
                        .map_err(|error: InvalidHeaderName| error.to_string())
                })?,
            public_url: sources
                .setting(
                    "public-url",
                    args.public_url.as_ref(),
                    file.public_url.as_ref(),
                )
                .private()
                .parse(public_url::parse)?,
            allowed_hosts: sources
                .setting(
                    "allowed-hosts",
                    args.allowed_hosts.as_ref(),
                    file.allowed_hosts.as_ref(),
                )
                .parse_or("", hosts::parse)?,
            allowed_origins: sources
                .setting(
                    "allowed-origins",
                    args.allowed_origins.as_ref(),
                    file.allowed_origins.as_ref(),
                )
                .parse_or("", origins::parse)?,
            frame_ancestors: sources
                .setting(
                    "frame-ancestors",
                    args.frame_ancestors.as_ref(),
                    file.frame_ancestors.as_ref(),
                )
                .parse_or("", origins::parse)?,
            issuer: issuer::read(args, sources)?,
            theme: theme::read(args, sources)?,
            secret: secret::read(sources)?,
        })
    }

    /// Returns the settings as TOML, with secrets hidden.
    pub(crate) fn to_toml(&self) -> Result<String, CliError> {
        print::to_toml(self)
    }
}

fn expect_only(known: &str, text: &str) -> Result<(), String> {
    if text == known {
        Ok(())
    } else {
        Err(format!("must be {known} in this build"))
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "must be true or false".into())
}

fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off".into()),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    log::parse_filter(text).map(|_| text.to_owned())
}
