use std::path::Path;

use tempfile::TempDir;

use crate::program::{ProgramExit, run, votify};

const SECRET: &str = "a secret that must not be seen anywhere at all";

struct SettingsCase {
    directory: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl SettingsCase {
    fn new(file: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("votify.toml"), file).unwrap();
        Self {
            directory,
            variables: vec![("VOTIFY_CONFIG", "votify.toml".to_owned())],
        }
    }

    fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.variables.push((variable, value.to_owned()));
        self
    }

    async fn serve(&self, arguments: &[&str]) -> ProgramExit {
        let mut all = vec!["serve"];
        all.extend(arguments);
        let mut command = votify(self.directory.path(), &all);
        let exit =
            run(command.envs(self.variables.iter().map(|(name, value)| (name, value)))).await;
        for word in ["must not be seen", "hunter2"] {
            assert!(
                !exit.stdout.contains(word) && !exit.stderr.contains(word),
                "{exit:?}"
            );
        }
        exit
    }

    async fn printed(&self, arguments: &[&str]) -> toml::Table {
        let mut all = vec!["--print-config"];
        all.extend(arguments);
        let exit = self.serve(&all).await;
        assert_eq!(exit.code(), 0, "{exit:?}");
        exit.stdout.parse().unwrap()
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

#[tokio::test]
async fn flags_override_environment_file_and_defaults() {
    let file = "vote-rate = \"1/60s\"\nlisten = \"127.0.0.1:1\"\nstreams-per-address = 11";
    let case = SettingsCase::new(file)
        .with("VOTIFY_VOTE_RATE", "2/60s")
        .with("VOTIFY_LISTEN", "127.0.0.1:2");
    let printed = case.printed(&["--vote-rate", "3/60s"]).await;
    assert_eq!(printed["vote-rate"].as_str(), Some("3/60s"));
    assert_eq!(printed["listen"].as_str(), Some("127.0.0.1:2"));
    assert_eq!(printed["streams-per-address"].as_integer(), Some(11));
    assert_eq!(printed["connections-per-address"].as_integer(), Some(2000));
    assert_eq!(printed["session-rate"].as_str(), Some("1000/60s"));
    assert_eq!(
        printed["store"].as_str(),
        Some("sqlite://votify.db?mode=rwc")
    );
    assert!(
        !case.path().join("votify.db").exists(),
        "--print-config creates no file"
    );
}

#[tokio::test]
async fn printed_settings_are_a_valid_settings_file() {
    let file = r#"
        listen = "[::1]:9000"
        store = "memory:"
        migrate = true
        require-durable = true
        broadcast = "postgres://u:hunter2@db/votify"
        limits = "off"
        vote-rate = "off"
        session-rate = "5/1m"
        join-rate = "7/1m"
        poll-rate = "off"
        poll-bytes-rate = "1000000/1h"
        owner-poll-rate = "7/1d"
        invite-rate = "off"
        owner-invite-rate = "9/1d"
        session-polls = 12
        remove-unused-polls = "48h"
        accounts = false
        create = "accounts"
        login-rate = "off"
        register-rate = "7/1h"
        streams-per-address = "off"
        connections-per-address = 7
        response-memory = "off"
        response-memory-per-address = "2MiB"
        trusted-proxies = ["10.0.0.0/8", "::1"]
        client-address-header = "X-Real-IP"
        public-url = "https://polls.example.org"
        allowed-hosts = ["Polls.internal:8080", "*"]
        allowed-origins = ["https://WWW.example.org:443", "http://localhost:3000"]
        frame-ancestors = ["https://intra.example.org:8443"]
        oidc-issuer = "https://login.example.org"
        jwks = "https://login.example.org/keys"
        oidc-audience = "polls"
        log = "warn"
        [theme]
        title = "Student council"
        logo = "https://cdn.example.org/logo.svg"
        accent = "rgb(0 109 91)"
        footer = "Questions?"
        [theme.dark]
        accent = "oklch(80% 0.1 170)"
        on-accent = "rgb(0 0 0)"
    "#;
    let printed = SettingsCase::new(file).printed(&[]).await;
    let expected = r#"
        listen = "[::1]:9000"
        store = "memory:"
        migrate = true
        require-durable = true
        broadcast = "postgres://u:***@db/votify"
        cache = "none"
        queue = "none"
        aggregate = "on"
        images = "off"
        limits = "off"
        vote-rate = "off"
        session-rate = "5/60s"
        join-rate = "7/60s"
        poll-rate = "off"
        poll-bytes-rate = "1000000/3600s"
        owner-poll-rate = "7/86400s"
        invite-rate = "off"
        owner-invite-rate = "9/86400s"
        session-polls = 12
        remove-unused-polls = "2d"
        accounts = false
        create = "accounts"
        login-rate = "off"
        register-rate = "7/3600s"
        streams-per-address = "off"
        connections-per-address = 7
        response-memory = "off"
        response-memory-per-address = "2MiB"
        trusted-proxies = ["10.0.0.0/8", "::1/128"]
        client-address-header = "x-real-ip"
        public-url = "https://polls.example.org"
        allowed-hosts = ["polls.internal:8080", "*"]
        allowed-origins = ["https://www.example.org", "http://localhost:3000"]
        frame-ancestors = ["https://intra.example.org:8443"]
        oidc-issuer = "https://login.example.org"
        jwks = "https://login.example.org/keys"
        oidc-audience = "polls"
        log = "warn"
        [theme]
        title = "Student council"
        logo = "https://cdn.example.org/logo.svg"
        accent = "rgb(0 109 91)"
        footer = "Questions?"
        [theme.dark]
        accent = "oklch(80% 0.1 170)"
        on-accent = "rgb(0 0 0)"
    "#;
    assert_eq!(printed, expected.parse().unwrap());
    assert_eq!(
        SettingsCase::new(&printed.to_string()).printed(&[]).await,
        printed
    );
}

#[tokio::test]
async fn redis_passwords_are_not_printed() {
    let file = r#"
        store = "rediss://:hunter2@store:6380/1"
        broadcast = "redis://ann:hunter2@news"
        limits = "redis://:hunter2@limits"
    "#;
    let printed = SettingsCase::new(file).printed(&[]).await;
    assert_eq!(
        printed["store"].as_str(),
        Some("rediss://:***@store:6380/1")
    );
    assert_eq!(printed["broadcast"].as_str(), Some("redis://ann:***@news"));
    assert_eq!(printed["limits"].as_str(), Some("redis://:***@limits"));
    let cached = SettingsCase::new("").with("VOTIFY_CACHE", "redis://:hunter2@cache");
    let printed = cached.printed(&["--require-durable"]).await;
    assert_eq!(printed["cache"].as_str(), Some("redis://:***@cache"));
    assert_eq!(printed["require-durable"].as_bool(), Some(true));
}

#[tokio::test]
async fn empty_variables_are_ignored() {
    let case = SettingsCase::new("vote-rate = \"1/60s\"")
        .with("VOTIFY_VOTE_RATE", "")
        .with("VOTIFY_SECRET", "");
    let printed = case.printed(&[]).await;
    assert_eq!(printed["vote-rate"].as_str(), Some("1/60s"));
    assert_eq!(printed.get("secret"), None);
}

#[tokio::test]
async fn secrets_are_masked_and_the_mask_is_rejected() {
    for case in [
        SettingsCase::new("").with("VOTIFY_SECRET", SECRET),
        SettingsCase::new(&format!("secret = [\"{SECRET}\", \"{SECRET} 2\"]")),
    ] {
        let printed = case.printed(&[]).await;
        assert_eq!(printed["secret"].as_str(), Some("***"));
        let exit = SettingsCase::new(&printed.to_string())
            .serve(&["--print-config"])
            .await;
        assert!(exit.error_line(2).contains("secret"), "{exit:?}");
    }
    let help = SettingsCase::new("")
        .with("VOTIFY_SECRET", SECRET)
        .with("VOTIFY_STORE", "postgres://u:hunter2@db/x")
        .serve(&["--help"])
        .await;
    assert_eq!(help.code(), 0);
    assert!(help.stdout.contains("VOTIFY_SECRET") && help.stdout.contains("--vote-rate"));
}

#[tokio::test]
async fn an_invalid_value_is_reported_in_one_line_with_exit_code_2() {
    for (file, name, value, expected) in [
        (
            "",
            "VOTIFY_VOTE_RATE",
            "ten",
            ["VOTIFY_VOTE_RATE", "10/60s"],
        ),
        (
            "",
            "VOTIFY_LISTEN",
            "8080",
            ["VOTIFY_LISTEN", "127.0.0.1:8080"],
        ),
        (
            "",
            "VOTIFY_STORE",
            "oracle://u:hunter2@db/votify",
            [
                "VOTIFY_STORE",
                "must begin with sqlite:, postgres:, mysql:, redis: or memory:",
            ],
        ),
        (
            "",
            "VOTIFY_STORE",
            "sqlite://x.db?mode=fast",
            ["VOTIFY_STORE", "mode=rwc"],
        ),
        (
            "",
            "VOTIFY_SECRET",
            "hunter2",
            ["VOTIFY_SECRET", "32 bytes"],
        ),
        (
            "",
            "VOTIFY_CONFIG",
            "nowhere.toml",
            ["nowhere.toml", "No such file"],
        ),
        (
            "",
            "VOTIFY_LIMITS",
            "memcached://:hunter2@cache",
            ["VOTIFY_LIMITS", "local:, redis:… or off"],
        ),
        (
            "",
            "VOTIFY_BROADCAST",
            "redis://:hunter2@cache?tls=yes",
            ["VOTIFY_BROADCAST", "parameters"],
        ),
        (
            "",
            "VOTIFY_CACHE",
            "memcached://:hunter2@cache",
            ["VOTIFY_CACHE", "must be none or begin with redis:"],
        ),
        (
            "",
            "VOTIFY_QUEUE",
            "redis://:hunter2@cache/a/b",
            ["VOTIFY_QUEUE", "not a database number and a name"],
        ),
        #[cfg(not(feature = "kafka"))]
        (
            "",
            "VOTIFY_QUEUE",
            "kafka://u:hunter2@broker:9092/votes",
            ["VOTIFY_QUEUE", "this build has no Kafka"],
        ),
        (
            "store = \"memory:\"",
            "VOTIFY_QUEUE",
            "redis://:hunter2@cache",
            ["--queue", "a store in memory loses its polls"],
        ),
        (
            "",
            "VOTIFY_AGGREGATE",
            "yes",
            ["VOTIFY_AGGREGATE", "must be on or off"],
        ),
        (
            "",
            "VOTIFY_IMAGES",
            "s3://u:hunter2@pictures",
            ["VOTIFY_IMAGES", "must be off in this build"],
        ),
        (
            "queue = \"memory:\"",
            "RUST_LOG",
            "",
            ["votify.toml: queue", "must be none or begin with redis:"],
        ),
        (
            "",
            "VOTIFY_PUBLIC_URL",
            "polls.example.org",
            ["VOTIFY_PUBLIC_URL", "https://"],
        ),
        (
            "",
            "VOTIFY_TRUSTED_PROXIES",
            "10.0.0.0/99",
            ["VOTIFY_TRUSTED_PROXIES", "10.0.0.0/8"],
        ),
        (
            "",
            "VOTIFY_TRUSTED_PROXIES",
            "::ffff:10.0.0.0/8",
            ["VOTIFY_TRUSTED_PROXIES", "::ffff:10.0.0.0/104"],
        ),
        (
            "",
            "VOTIFY_CLIENT_ADDRESS_HEADER",
            "X-Forwarded-For, Forwarded",
            [
                "VOTIFY_CLIENT_ADDRESS_HEADER",
                "x-forwarded-for, forwarded or x-real-ip",
            ],
        ),
        (
            "",
            "VOTIFY_ALLOWED_HOSTS",
            "polls.example.org,https://polls.example.org",
            ["VOTIFY_ALLOWED_HOSTS", "polls.example.org:8080"],
        ),
        ("", "VOTIFY_POLL_RATE", "60", ["VOTIFY_POLL_RATE", "or off"]),
        (
            "",
            "VOTIFY_SESSION_POLLS",
            "many",
            [
                "VOTIFY_SESSION_POLLS",
                "whole number of polls from 0, or off",
            ],
        ),
        (
            "remove-unused-polls = true",
            "RUST_LOG",
            "",
            ["votify.toml: remove-unused-polls", "like 30d"],
        ),
        (
            "",
            "VOTIFY_STREAMS_PER_ADDRESS",
            "0",
            ["VOTIFY_STREAMS_PER_ADDRESS", "off"],
        ),
        ("", "RUST_LOG", "votify=loud", ["RUST_LOG", "info"]),
        (
            "vote_rate = \"10/60s\"",
            "RUST_LOG",
            "",
            ["votify.toml:1", "vote-rate"],
        ),
        (
            "\nvote-rate = \"ten\"",
            "RUST_LOG",
            "",
            ["votify.toml: vote-rate", "10/60s"],
        ),
        (
            "\nlisten = 1.5",
            "RUST_LOG",
            "",
            ["votify.toml:2", "a text"],
        ),
        (
            "",
            "VOTIFY_MIGRATE",
            "maybe",
            ["VOTIFY_MIGRATE", "true or false"],
        ),
        (
            "",
            "VOTIFY_BROADCAST",
            "nats://u:hunter2@cache",
            [
                "VOTIFY_BROADCAST",
                "local:, postgres:, postgresql:, redis: or rediss:",
            ],
        ),
        (
            "",
            "VOTIFY_STORE",
            "redis://:hunter2@cache/polls",
            ["VOTIFY_STORE", "database number"],
        ),
        (
            "store = \"redis://store\"",
            "VOTIFY_CACHE",
            "redis://:hunter2@cache",
            ["--cache", "needs no cache"],
        ),
        (
            "store = \"memory:\"",
            "VOTIFY_CACHE",
            "rediss://:hunter2@cache",
            ["--cache", "leave it at none"],
        ),
        (
            "",
            "VOTIFY_REQUIRE_DURABLE",
            "perhaps",
            ["VOTIFY_REQUIRE_DURABLE", "true or false"],
        ),
        (
            "secret = \"hunter2\"",
            "RUST_LOG",
            "",
            ["votify.toml: secret", "32 bytes"],
        ),
        ("secret = \"hunter2", "RUST_LOG", "", ["votify.toml:1", ""]),
    ] {
        let exit = SettingsCase::new(file)
            .with(name, value)
            .serve(&["--listen", "127.0.0.1:0"][..usize::from(name != "VOTIFY_LISTEN") * 2])
            .await;
        let line = exit.error_line(2);
        assert!(expected.iter().all(|words| line.contains(words)), "{line}");
        assert_eq!(exit.stdout, "");
    }
    let flag = SettingsCase::new("")
        .serve(&["--session-rate", "never"])
        .await;
    assert!(
        flag.error_line(2).contains("--session-rate \"never\""),
        "{flag:?}"
    );
    let exit = SettingsCase::new("")
        .serve(&["--images", "redis://cache"])
        .await;
    let line = exit.error_line(2);
    assert!(
        line.contains("--images: must be off in this build"),
        "{line}"
    );
    let accepted = SettingsCase::new("").printed(&["--images", "off"]).await;
    assert_eq!(accepted["images"].as_str(), Some("off"));
    let queue = [
        "--queue",
        "redis://:hunter2@cache/3/election",
        "--aggregate",
        "off",
    ];
    let printed = SettingsCase::new("").printed(&queue).await;
    assert_eq!(
        printed["queue"].as_str(),
        Some("redis://:***@cache/3/election")
    );
    assert_eq!(printed["aggregate"].as_str(), Some("off"));
    let unknown = SettingsCase::new("").serve(&["--colour", "red"]).await;
    assert!(unknown.error_line(2).contains("--colour"), "{unknown:?}");
}

#[tokio::test]
async fn unknown_variables_are_reported_without_their_values() {
    let directory = tempfile::tempdir().unwrap();
    let mut arguments = crate::program::SERVE.to_vec();
    arguments.extend(["--store", "memory:"]);
    let mut command = votify(directory.path(), &arguments);
    command.envs([
        ("VOTIFY_VOTE_RATES", "hunter2"),
        ("VOTIFY_OWNER_POLL_RATE", "7/1d"),
        ("VOTIFY_SERVICE_HOST", "10.0.0.1"),
    ]);
    let server = crate::program::Server::spawn(command).await;
    server.signal(rustix::process::Signal::TERM);
    let exit = server.wait().await;
    let warned: Vec<&str> = exit
        .stderr
        .lines()
        .filter(|line| line.contains("is not a setting"))
        .collect();
    assert_eq!(warned.len(), 1, "{exit:?}");
    assert!(warned[0].contains("VOTIFY_VOTE_RATES"), "{exit:?}");
    assert!(!exit.stderr.contains("hunter2"), "{exit:?}");
}
