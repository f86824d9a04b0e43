use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};
use votify_core::PollId;

/// Realtime polls and exact voting.
#[derive(Debug, Parser)]
#[command(name = "votify", version, about, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can be asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API and the streams on one port
    #[command(after_help = SERVE_HELP)]
    Serve(Box<ServeArgs>),
    /// Create or upgrade the schema of the store, then exit
    Migrate(StoreArgs),
    /// Recount the ballots of a poll and compare with its tally; exit code 1 if they differ
    Verify(VerifyArgs),
}

const SERVE_HELP: &str = "\
Every setting is a flag, an environment variable and a key of the TOML file, named like the flag (vote-rate = \"10/60s\").
A flag beats the environment, the environment beats the file. An empty variable counts as unset.

VOTIFY_SECRET, or the key `secret`, keys cookies and voter ids: 32 bytes or more; several, newest first, separated by
commas, to rotate. It is no flag, because every user of a machine can read the arguments of a program. Unset on a
loopback address, one is made and kept beside the SQLite file; unset on any other address, the server does not start.";

/// Settings that every command has.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Read settings from this TOML file
    #[arg(
        long,
        env = "VOTIFY_CONFIG",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub(crate) config: Option<OsString>,
    /// Where polls and votes are kept: sqlite://FILE?mode=rwc, postgres://USER:PASSWORD@HOST/DATABASE,
    /// mysql://USER:PASSWORD@HOST/DATABASE, redis://USER:PASSWORD@HOST or memory: [default: sqlite://votify.db?mode=rwc]
    #[arg(long, env = "VOTIFY_STORE", hide_env_values = true, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// What to log to standard error: a level, or a filter as of tracing-subscriber [default: info]
    #[arg(long, env = "RUST_LOG", hide_env_values = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

/// The settings of the server.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// The address and port to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(
        long,
        env = "VOTIFY_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS:PORT"
    )]
    pub(crate) listen: Option<String>,
    /// Create or upgrade the schema of a database server at the start, as is always done with SQLite [default: false]
    #[arg(
        long,
        env = "VOTIFY_MIGRATE",
        hide_env_values = true,
        value_name = "BOOLEAN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) migrate: Option<String>,
    /// Start only if the store keeps every acknowledged vote through a crash and a loss of power [default: false]
    #[arg(
        long,
        env = "VOTIFY_REQUIRE_DURABLE",
        hide_env_values = true,
        value_name = "BOOLEAN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) require_durable: Option<String>,
    /// How instances tell each other of changes: local:, postgres://… (LISTEN and NOTIFY) or redis://… (pub/sub)
    /// [default: local:]
    #[arg(
        long,
        env = "VOTIFY_BROADCAST",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) broadcast: Option<String>,
    /// What stands in front of the store and spares it work: none or redis://… [default: none]
    #[arg(long, env = "VOTIFY_CACHE", hide_env_values = true, value_name = "URL")]
    pub(crate) cache: Option<String>,
    /// What queues votes before the store: none [default: none]
    #[arg(long, env = "VOTIFY_QUEUE", hide_env_values = true, value_name = "URL")]
    pub(crate) queue: Option<String>,
    /// Where pictures are kept: off [default: off]
    #[arg(
        long,
        env = "VOTIFY_IMAGES",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) images: Option<String>,
    /// Where rates are counted: local: (each instance alone), redis://… (all together) or off [default: local:]
    #[arg(
        long,
        env = "VOTIFY_LIMITS",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) limits: Option<String>,
    /// How often one caller may try to vote, or off [default: 10/60s]
    #[arg(
        long,
        env = "VOTIFY_VOTE_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) vote_rate: Option<String>,
    /// How many new sessions one address may get, or off [default: 1000/60s]
    #[arg(
        long,
        env = "VOTIFY_SESSION_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) session_rate: Option<String>,
    /// Whether people can register and log in; not with a redis:// store, which keeps no users [default: true]
    #[arg(
        long,
        env = "VOTIFY_ACCOUNTS",
        hide_env_values = true,
        value_name = "BOOLEAN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) accounts: Option<String>,
    /// How often one address may try to log in under one name, or off [default: 10/60s]
    #[arg(
        long,
        env = "VOTIFY_LOGIN_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) login_rate: Option<String>,
    /// How often one address may try to register, or off [default: 100/60s]
    #[arg(
        long,
        env = "VOTIFY_REGISTER_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) register_rate: Option<String>,
    /// How many streams one address may have open, or off [default: 1000]
    #[arg(
        long,
        env = "VOTIFY_STREAMS_PER_ADDRESS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub(crate) streams_per_address: Option<String>,
    /// Networks, separated by commas, whose X-Forwarded-For and Forwarded are believed [default: none]
    #[arg(
        long,
        env = "VOTIFY_TRUSTED_PROXIES",
        hide_env_values = true,
        value_name = "CIDRS"
    )]
    pub(crate) trusted_proxies: Option<String>,
    /// The address that browsers use, like `https://polls.example.org`; for links and the origin check, and cookies are
    /// `Secure` only if it is https [default: from the request, without `Secure` cookies]
    #[arg(
        long,
        env = "VOTIFY_PUBLIC_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) public_url: Option<String>,
    /// Print the settings as TOML, secrets hidden, and exit
    #[arg(long)]
    pub(crate) print_config: bool,
}

/// What `verify` is told.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The poll's id
    pub(crate) poll: PollId,
    /// Where the tally differs, rebuild it from the ballots
    #[arg(long)]
    pub(crate) repair: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
