use std::fmt;

use url::Url;

#[cfg(feature = "kafka")]
use super::kafka_url::KafkaUrl;
use super::redis_url;
use super::server_url::ServerUrl;
use super::sources::Sources;
use super::store::StoreUrl;
use crate::cli::QueueArgs;
use crate::error::CliError;

/// The value of `--queue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum QueueUrl {
    /// Votes go to the store.
    None,
    /// Streams in Redis.
    Redis {
        server: ServerUrl,
        /// The name of the queue.
        name: String,
    },
    /// Topics on Kafka.
    #[cfg(feature = "kafka")]
    Kafka(KafkaUrl),
}

impl QueueUrl {
    pub(super) const DEFAULT: &str = "none";
    /// The name of a queue whose URL has none.
    const DEFAULT_NAME: &str = "votes";

    pub(crate) fn read(args: &QueueArgs, sources: &Sources<'_>) -> Result<Self, CliError> {
        sources
            .setting("queue", args.queue.as_ref(), sources.file().queue.as_ref())
            .private()
            .parse_or(Self::DEFAULT, parse)
    }

    /// Fails if votes in the queue could not be counted into this store.
    pub(crate) fn check(&self, store: &StoreUrl) -> Result<(), CliError> {
        if *self == Self::None || store.outlives_process() {
            return Ok(());
        }
        Err(CliError::usage(
            "--queue: a store in memory loses its polls when this process ends, and the queue keeps their votes: leave \
             it at none, or choose another --store",
        ))
    }
}

/// Writes the URL without its password.
impl fmt::Display for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str(Self::DEFAULT),
            Self::Redis { server, name } => {
                let server = server.to_string();
                write!(f, "{}/{name}", server.trim_end_matches('/'))
            }
            #[cfg(feature = "kafka")]
            Self::Kafka(url) => url.fmt(f),
        }
    }
}

fn parse(text: &str) -> Result<QueueUrl, String> {
    match text.split_once(':') {
        None if text == QueueUrl::DEFAULT => Ok(QueueUrl::None),
        Some((scheme, _)) if redis_url::is_redis(scheme) => redis(text),
        #[cfg(feature = "kafka")]
        Some(("kafka", _)) => KafkaUrl::parse(text).map(QueueUrl::Kafka),
        #[cfg(not(feature = "kafka"))]
        Some(("kafka", _)) => {
            Err("this build has no Kafka; use redis:, or build with --features kafka".into())
        }
        _ => Err("must be none or begin with redis:, rediss: or kafka:".into()),
    }
}

/// Parses `redis://…[/number][/name]`: the number of the database and the name of the
/// queue.
fn redis(text: &str) -> Result<QueueUrl, String> {
    // Checks what could show a password first.
    ServerUrl::parse(text)?;
    let mut url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    let path = url.path().trim_matches('/').to_owned();
    let is_number = |part: &str| part.parse::<u32>().is_ok();
    let (database, name) = match path.split_once('/') {
        Some((database, name)) if is_number(database) => (database, name),
        Some(_) => return Err("has a path that is not a database number and a name".into()),
        None if path.is_empty() || is_number(&path) => (&*path, QueueUrl::DEFAULT_NAME),
        None => ("", &*path),
    };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !(1..=64).contains(&name.len()) || !name.bytes().all(is_allowed) || is_number(name) {
        return Err(
            "has a name that is not 1 to 64 letters, digits, '-', '_' or '.', with more than digits".into(),
        );
    }
    url.set_path(database);
    Ok(QueueUrl::Redis {
        server: redis_url::parse(url.as_str())?,
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_database_and_queue() {
        for (text, server, name) in [
            ("redis://cache", "redis://cache", "votes"),
            ("redis://cache/", "redis://cache/", "votes"),
            ("redis://cache/3", "redis://cache/3", "votes"),
            ("redis://cache/election-27", "redis://cache", "election-27"),
            (
                "rediss://ann:hunter2@cache:7000/3/a.b",
                "rediss://ann:***@cache:7000/3",
                "a.b",
            ),
        ] {
            let QueueUrl::Redis {
                server: found,
                name: found_name,
            } = parse(text).unwrap()
            else {
                panic!("{text} is a queue in Redis");
            };
            assert_eq!(
                found.to_string().trim_end_matches('/'),
                server.trim_end_matches('/')
            );
            assert_eq!(found_name, name, "{text}");
            // The printed URL means the same queue.
            let printed = parse(text).unwrap().to_string();
            assert!(!printed.contains("hunter2"), "{printed}");
            assert!(printed.ends_with(&format!("/{name}")), "{printed}");
        }
        assert_eq!(parse("none"), Ok(QueueUrl::None));
    }

    #[test]
    fn errors_of_invalid_urls_do_not_show_the_password() {
        for bad in [
            "",
            "off",
            "memory:",
            "kafka://:hunter2@broker:9092/votes",
            "redis://:hunter2@cache/a/b",
            "redis://:hunter2@cache/3/a/b",
            "redis://:hunter2@cache/3/4",
            "redis://:hunter2@cache/a%20b",
            "redis://:hunter2@cache?password=hunter2",
            "redis://:hunter2@cache:port/votes",
            "redis://hunter2@cache/votes",
            "redis://:hun#ter2@cache",
        ] {
            let problem = parse(bad).unwrap_err();
            assert!(!problem.contains("hunter2"), "{bad}: {problem}");
        }
    }
}
