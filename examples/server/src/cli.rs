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

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API, the streams and the web page on one port
    #[command(after_help = SERVE_HELP)]
    Serve(Box<ServeArgs>),
    /// Create or upgrade the schema of the store, create the queue, then exit
    Migrate(MigrateArgs),
    /// Count the votes of the queue, and serve only /healthz, /readyz and /metrics
    Aggregate(AggregateArgs),
    /// Recount the ballots of a poll and compare with its tally; exit code 1 if they differ
    Verify(VerifyArgs),
}

const SERVE_HELP: &str = "\
Every setting is a flag, an environment variable and a key of the TOML file, named like the flag (vote-rate = \"10/60s\").
A flag beats the environment, and the environment beats the file. An empty variable counts as unset.

VOTIFY_SECRET, or the key `secret`, keys cookies and voter ids. It has 32 bytes or more. To rotate it, give several,
separated by commas; the first one signs. It is not a flag, because every user of a machine can read the arguments of a
program. If it is unset on a loopback address, the server creates one beside the SQLite file. On any other address it
does not start.";

/// The settings of every command.
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
    /// Database of the polls and votes: sqlite://FILE?mode=rwc, postgres://USER:PASSWORD@HOST/DATABASE,
    /// mysql://USER:PASSWORD@HOST/DATABASE, redis://USER:PASSWORD@HOST or memory: [default: sqlite://votify.db?mode=rwc]
    #[arg(long, env = "VOTIFY_STORE", hide_env_values = true, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Filter of the log on standard error: a level, or levels of modules such as info,votify_core=debug [default: info]
    #[arg(long, env = "RUST_LOG", hide_env_values = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

/// The queue of votes.
#[derive(Debug, Args)]
pub(crate) struct QueueArgs {
    /// Queue that accepts votes before they are counted: none, redis://HOST/NUMBER/NAME or kafka://HOST:PORT,HOST:PORT/TOPIC [default: none]
    #[arg(long, env = "VOTIFY_QUEUE", hide_env_values = true, value_name = "URL")]
    pub(crate) queue: Option<String>,
}

/// The settings of `migrate`.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) queue: QueueArgs,
}

/// The settings of `aggregate`.
#[derive(Debug, Args)]
pub(crate) struct AggregateArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) queue: QueueArgs,
    /// The address and port of health and metrics; port 0 picks a free one [default: 127.0.0.1:8081]
    #[arg(
        long,
        env = "VOTIFY_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS:PORT"
    )]
    pub(crate) listen: Option<String>,
    /// Channel for updates to the servers: local:, postgres://… or redis://… [default: local:]
    #[arg(
        long,
        env = "VOTIFY_BROADCAST",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) broadcast: Option<String>,
    /// Cache of the servers, which is informed of each change: none or redis://… [default: none]
    #[arg(long, env = "VOTIFY_CACHE", hide_env_values = true, value_name = "URL")]
    pub(crate) cache: Option<String>,
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
    /// Create or upgrade the schema of a database server at the start; SQLite is always migrated [default: false]
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
    /// Start only if every acknowledged vote survives a crash and a loss of power [default: false]
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
    /// Channel for updates between instances: local:, postgres://… (LISTEN and NOTIFY) or redis://… (pub/sub)
    /// [default: local:]
    #[arg(
        long,
        env = "VOTIFY_BROADCAST",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) broadcast: Option<String>,
    /// Cache in front of the store: none or redis://… [default: none]
    #[arg(long, env = "VOTIFY_CACHE", hide_env_values = true, value_name = "URL")]
    pub(crate) cache: Option<String>,
    #[command(flatten)]
    pub(crate) queue: QueueArgs,
    /// Count the votes of the queue in this process: on, or off if `votify aggregate` counts them [default: on]
    #[arg(
        long,
        env = "VOTIFY_AGGREGATE",
        hide_env_values = true,
        value_name = "on|off"
    )]
    pub(crate) aggregate: Option<String>,
    /// Object store of the pictures: off [default: off]
    #[arg(
        long,
        env = "VOTIFY_IMAGES",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) images: Option<String>,
    /// Counter of the rate limits: local: (per instance), redis://… (for all instances) or off [default: local:]
    #[arg(
        long,
        env = "VOTIFY_LIMITS",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) limits: Option<String>,
    /// Vote attempts per session, or per address without a session; or off [default: 10/60s]
    #[arg(
        long,
        env = "VOTIFY_VOTE_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) vote_rate: Option<String>,
    /// New sessions per address, or off [default: 1000/60s]
    #[arg(
        long,
        env = "VOTIFY_SESSION_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) session_rate: Option<String>,
    /// Wrong join codes per address, or off [default: 100/10m]
    #[arg(
        long,
        env = "VOTIFY_JOIN_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) join_rate: Option<String>,
    /// New polls per address, or off [default: 60/1h]
    #[arg(
        long,
        env = "VOTIFY_POLL_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) poll_rate: Option<String>,
    /// Bytes of the texts of new and edited polls per address, or off [default: 2097152/1h]
    #[arg(
        long,
        env = "VOTIFY_POLL_BYTES_RATE",
        hide_env_values = true,
        value_name = "BYTES/TIME"
    )]
    pub(crate) poll_bytes_rate: Option<String>,
    /// New polls per owner (account or browser session), or off [default: 200/1d]
    #[arg(
        long,
        env = "VOTIFY_OWNER_POLL_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) owner_poll_rate: Option<String>,
    /// New invite codes per address, or off [default: 40000/1d]
    #[arg(
        long,
        env = "VOTIFY_INVITE_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) invite_rate: Option<String>,
    /// New invite codes per owner of polls, or off [default: 20000/1d]
    #[arg(
        long,
        env = "VOTIFY_OWNER_INVITE_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) owner_invite_rate: Option<String>,
    /// Polls of all browser sessions together; beyond that, new ones are refused; or off [default: 100000]
    #[arg(
        long,
        env = "VOTIFY_SESSION_POLLS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub(crate) session_polls: Option<String>,
    /// Remove polls of browser sessions without any vote once they are closed or this old (30d), or off [default: off]
    #[arg(
        long,
        env = "VOTIFY_REMOVE_UNUSED_POLLS",
        hide_env_values = true,
        value_name = "AGE"
    )]
    pub(crate) remove_unused_polls: Option<String>,
    /// Allow registering and logging in; a redis:// store has no accounts [default: true]
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
    /// Who may create polls over HTTP: anyone, accounts (logged-in users) or nobody [default: anyone]
    #[arg(
        long,
        env = "VOTIFY_CREATE",
        hide_env_values = true,
        value_name = "WHO"
    )]
    pub(crate) create: Option<String>,
    /// Log-in attempts per address and user name, or off [default: 10/60s]
    #[arg(
        long,
        env = "VOTIFY_LOGIN_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) login_rate: Option<String>,
    /// Registrations per address, or off [default: 100/60s]
    #[arg(
        long,
        env = "VOTIFY_REGISTER_RATE",
        hide_env_values = true,
        value_name = "COUNT/TIME"
    )]
    pub(crate) register_rate: Option<String>,
    /// Open streams per address, or off [default: 1000]
    #[arg(
        long,
        env = "VOTIFY_STREAMS_PER_ADDRESS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub(crate) streams_per_address: Option<String>,
    /// Open connections per address, or off [default: 2000]
    #[arg(
        long,
        env = "VOTIFY_CONNECTIONS_PER_ADDRESS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub(crate) connections_per_address: Option<String>,
    /// Bytes of large responses that clients have not received yet, from 2MiB; or off [default: 64MiB]
    #[arg(
        long,
        env = "VOTIFY_RESPONSE_MEMORY",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub(crate) response_memory: Option<String>,
    /// Bytes of large responses that the clients of one address have not received yet, from 2MiB; or off [default: 8MiB]
    #[arg(
        long,
        env = "VOTIFY_RESPONSE_MEMORY_PER_ADDRESS",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub(crate) response_memory_per_address: Option<String>,
    /// Proxies whose header with the client's address is trusted: networks, separated by commas [default: none]
    #[arg(
        long,
        env = "VOTIFY_TRUSTED_PROXIES",
        hide_env_values = true,
        value_name = "CIDRS"
    )]
    pub(crate) trusted_proxies: Option<String>,
    /// The one header with the client's address: x-forwarded-for, forwarded, or one with a single address like x-real-ip
    /// [default: x-forwarded-for]
    #[arg(
        long,
        env = "VOTIFY_CLIENT_ADDRESS_HEADER",
        hide_env_values = true,
        value_name = "HEADER"
    )]
    pub(crate) client_address_header: Option<String>,
    /// Address that browsers use, like `https://polls.example.org`, for links and the
    /// checks of host and origin. If it has a path, the server also answers below that
    /// path. With https all cookies are `Secure`, otherwise only the login cookie, except
    /// on localhost and loopback addresses [default: from the request]
    #[arg(
        long,
        env = "VOTIFY_PUBLIC_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) public_url: Option<String>,
    /// Host names of this server besides the public URL's, localhost and literal addresses: names, separated by commas, or
    /// `*` for all; a listener that is not loopback needs this or a public URL [default: none]
    #[arg(
        long,
        env = "VOTIFY_ALLOWED_HOSTS",
        hide_env_values = true,
        value_name = "HOSTS"
    )]
    pub(crate) allowed_hosts: Option<String>,
    /// Other origins whose pages may use the API from browsers, separated by commas, like `https://www.example.org`; with an
    /// https public URL, their cookies are `SameSite=None; Secure; Partitioned` [default: none]
    #[arg(
        long,
        env = "VOTIFY_ALLOWED_ORIGINS",
        hide_env_values = true,
        value_name = "ORIGINS"
    )]
    pub(crate) allowed_origins: Option<String>,
    /// Origins whose pages may show the web pages in a frame, separated by commas; with an https public URL, all cookies are
    /// `SameSite=None; Secure; Partitioned`, and a browser is one voter per embedding site [default: none]
    #[arg(
        long,
        env = "VOTIFY_FRAME_ANCESTORS",
        hide_env_values = true,
        value_name = "ORIGINS"
    )]
    pub(crate) frame_ancestors: Option<String>,
    /// Name of the site in the header and the titles of the web pages [default: Votify]
    #[arg(
        long,
        env = "VOTIFY_THEME_TITLE",
        hide_env_values = true,
        value_name = "TEXT"
    )]
    pub(crate) theme_title: Option<String>,
    /// Picture beside the title: an https URL or a path such as /logo.svg [default: the logo of Votify]
    #[arg(
        long,
        env = "VOTIFY_THEME_LOGO",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) theme_logo: Option<String>,
    /// Color of buttons, links and bars, in light and dark mode: #4a3aff or oklch(55% 0.2 275) [default: blue-violet].
    /// The file sets more colors, in its tables `theme.light` and `theme.dark`
    #[arg(
        long,
        env = "VOTIFY_THEME_ACCENT",
        hide_env_values = true,
        value_name = "COLOR"
    )]
    pub(crate) theme_accent: Option<String>,
    /// Text at the end of each web page [default: none]
    #[arg(
        long,
        env = "VOTIFY_THEME_FOOTER",
        hide_env_values = true,
        value_name = "TEXT"
    )]
    pub(crate) theme_footer: Option<String>,
    /// CSS file that is added to the web pages [default: none]
    #[arg(
        long,
        env = "VOTIFY_THEME_CSS",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub(crate) theme_css: Option<String>,
    /// Issuer whose bearer tokens are logins too, beside own accounts: the `iss` of its tokens; needs `--jwks` and
    /// `--oidc-audience` [default: none]
    #[arg(
        long,
        env = "VOTIFY_OIDC_ISSUER",
        hide_env_values = true,
        value_name = "ISSUER"
    )]
    pub(crate) oidc_issuer: Option<String>,
    /// Keys of the issuer: a JSON Web Key Set at an https URL, at an http URL of this machine, or in a file [default: none]
    #[arg(
        long,
        env = "VOTIFY_JWKS",
        hide_env_values = true,
        value_name = "URL|FILE"
    )]
    pub(crate) jwks: Option<String>,
    /// Audience of the issuer's tokens: their `aud` [default: none]
    #[arg(
        long,
        env = "VOTIFY_OIDC_AUDIENCE",
        hide_env_values = true,
        value_name = "AUDIENCE"
    )]
    pub(crate) oidc_audience: Option<String>,
    /// Print the settings as TOML, secrets hidden, and exit
    #[arg(long)]
    pub(crate) print_config: bool,
}

/// The arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The poll's id
    #[arg(required_unless_present = "all")]
    pub(crate) poll: Option<PollId>,
    /// Check every poll
    #[arg(long, conflicts_with = "poll")]
    pub(crate) all: bool,
    /// Rebuild the tally from the ballots under the next epoch, also if it is exact.
    /// After a restore from a backup, use it with --all: clients then reload every poll
    #[arg(long)]
    pub(crate) repair: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
