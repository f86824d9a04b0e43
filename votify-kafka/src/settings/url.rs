use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

use super::duration;
use super::{KafkaSettings, Sasl, SaslMechanism, Tls};
use crate::error::Error;

const EXPECTED: &str = "expected kafka://[user:password@]host:port[,host:port]/topic";

/// Parses a `kafka://` URL.
///
/// # Errors
/// - [`Error::Settings`]: a part is invalid. The message names the part without its value,
///   which may be a secret.
pub(super) fn parse(text: &str) -> Result<KafkaSettings, Error> {
    let invalid = |problem: &str| Error::settings(format!("invalid Kafka URL: {problem}"));
    let rest = text.strip_prefix("kafka://");
    let rest = rest.ok_or_else(|| invalid(EXPECTED))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), authority),
    };
    let mut brokers = Vec::new();
    for host in hosts.split(',') {
        // The parser's own error is not used: it could quote the URL.
        let url = Url::parse(&format!("kafka://{host}")).map_err(|_| invalid(EXPECTED))?;
        let name = url.host_str().unwrap_or_default();
        if name.is_empty() || !url.username().is_empty() {
            return Err(invalid(EXPECTED));
        }
        brokers.push(format!("{name}:{}", url.port().unwrap_or(9092)));
    }
    // The rest with one host is a URL as the parser knows them.
    let url = Url::parse(&format!("kafka://{login}host{path}")).map_err(|_| invalid(EXPECTED))?;
    if url.fragment().is_some() {
        return Err(invalid("it must have no fragment"));
    }
    let topic = url.path().trim_matches('/');
    let mut settings = KafkaSettings::with_topic(brokers.join(","), topic)?;
    let mut security = Security::default();
    for (name, value) in url.query_pairs() {
        settings = apply(settings, &mut security, &name, &value)
            .ok_or_else(|| invalid(&problem(&name)))?;
    }
    security.finish(&url, &mut settings).map_err(invalid)?;
    Ok(settings)
}

fn problem(name: &str) -> String {
    if PARAMETERS.contains(&name) {
        format!("the parameter {name} has an invalid value")
    } else {
        // Not quoted: a parameter in the wrong place may be a secret.
        format!("unknown parameter; known are {}", PARAMETERS.join(", "))
    }
}

const PARAMETERS: [&str; 9] = [
    "partitions",
    "replication",
    "min_insync_replicas",
    "retention",
    "delivery_timeout",
    "session_timeout",
    "tls",
    "ca",
    "sasl",
];

/// Sets a parameter. Returns `None` if its name or value is invalid.
fn apply(
    settings: KafkaSettings,
    security: &mut Security,
    name: &str,
    value: &str,
) -> Option<KafkaSettings> {
    let number = || value.parse::<u16>().ok().filter(|number| *number > 0);
    let time = || duration::parse(value);
    Some(match name {
        "partitions" => settings.partitions(number()?),
        "replication" => settings.replication(number()?),
        "min_insync_replicas" => settings.min_insync_replicas(number()?),
        "retention" => settings.retention(time()?),
        "delivery_timeout" => settings.delivery_timeout(time()?),
        "session_timeout" => settings.session_timeout(time()?),
        _ => {
            match name {
                "tls" => security.tls = value.parse().ok()?,
                "ca" => security.ca = Some(value.to_owned()),
                "sasl" => security.mechanism = Some(mechanism(value)?),
                _ => return None,
            }
            settings
        }
    })
}

fn mechanism(name: &str) -> Option<SaslMechanism> {
    Some(match name {
        "scram-sha-512" => SaslMechanism::ScramSha512,
        "scram-sha-256" => SaslMechanism::ScramSha256,
        "plain" => SaslMechanism::Plain,
        _ => return None,
    })
}

/// The parameters that are checked together.
#[derive(Default)]
struct Security {
    tls: bool,
    ca: Option<String>,
    mechanism: Option<SaslMechanism>,
}

impl Security {
    fn finish(self, url: &Url, settings: &mut KafkaSettings) -> Result<(), &'static str> {
        if self.ca.is_some() && !self.tls {
            return Err("the parameter ca requires tls=true");
        }
        if self.tls {
            settings.tls = Some(Tls {
                root_certificates: None,
                root_certificates_file: self.ca,
            });
        }
        if url.username().is_empty() {
            let has_login = self.mechanism.is_some() || url.password().is_some();
            return match has_login {
                true => Err("a login requires a user"),
                false => Ok(()),
            };
        }
        let password = url.password().ok_or("a user requires a password")?;
        let mechanism = self.mechanism.unwrap_or_default();
        let user = decode(url.username())?;
        settings.sasl = Some(Sasl::new(mechanism, user, decode(password)?));
        Ok(())
    }
}

/// Decodes percent-encoded text.
fn decode(text: &str) -> Result<String, &'static str> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(Cow::into_owned)
        .map_err(|_| "the user or password is not UTF-8")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_part_of_a_url_is_parsed() {
        let url = "kafka://ann:p%40ss%2Fword@a.example:9093,[::1]:9094,c/votes?partitions=24\
                   &replication=5&min_insync_replicas=3&retention=48h&delivery_timeout=3s\
                   &session_timeout=20s&tls=true&ca=/etc/ca.pem&sasl=plain";
        let settings = parse(url).unwrap();
        assert_eq!(settings.brokers, "a.example:9093,[::1]:9094,c:9092");
        assert_eq!(settings.topic(), "votes");
        assert_eq!((settings.partitions, settings.replication), (24, 5));
        assert_eq!(settings.min_insync(), 3);
        assert_eq!(settings.retention, Duration::from_secs(48 * 3_600));
        assert_eq!(settings.delivery_timeout, Duration::from_secs(3));
        assert_eq!(settings.session_timeout, Duration::from_secs(20));
        let file = settings.tls.unwrap().root_certificates_file;
        assert_eq!(file.as_deref(), Some("/etc/ca.pem"));
        let sasl = settings.sasl.unwrap();
        assert_eq!(sasl.mechanism, SaslMechanism::Plain);
        assert_eq!((&*sasl.user, &*sasl.password), ("ann", "p@ss/word"));
    }

    #[test]
    fn defaults_are_safe() {
        let settings = parse("kafka://localhost/votes").unwrap();
        assert_eq!(settings.brokers, "localhost:9092");
        assert_eq!(settings.min_insync(), 2);
        assert!(settings.tls.is_none() && settings.sasl.is_none());
        let sasl = parse("kafka://ann:secret@localhost/votes").unwrap().sasl;
        assert_eq!(sasl.unwrap().mechanism, SaslMechanism::ScramSha512);
    }

    #[test]
    fn invalid_urls_are_rejected_without_revealing_secrets() {
        for invalid in [
            "",
            "hunter2",
            "kafka://",
            "kafka://host",
            "kafka://host/",
            "kafka:///topic",
            "kafka://a,,b/topic",
            "kafka://a,x@b/topic",
            "kafka://:hunter2@host/topic",
            "kafka://ann@host/topic?sasl=plain",
            "kafka://ann:hunter2@host:port/topic",
            "kafka://ann:hunter2@host/top/ic",
            "kafka://ann:hunter2@host/to%20pic",
            "kafka://ann:hunter2@host/topic#hunter2",
            "kafka://ann:hunter2@host/topic?password=hunter2",
            "kafka://ann:hunter2@host/topic?hunter2",
            "kafka://ann:hunter2@host/topic?sasl=hunter2",
            "kafka://ann:hunter2@host/topic?partitions=0",
            "kafka://ann:hunter2@host/topic?retention=hunter2",
            "kafka://ann:hunter2@host/topic?ca=/etc/ca.pem",
            "kafka://ann:hunter2%ff@host/topic",
            "redis://ann:hunter2@host/topic",
        ] {
            let error = parse(invalid).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hunter2"), "{invalid}: {text}");
            assert!(!error.is_transient(), "{invalid}");
        }
    }

    #[test]
    fn debug_output_has_no_password() {
        let settings = parse("kafka://ann:hunter2@host/topic").unwrap();
        let text = format!("{settings:?}");
        assert!(text.contains("ann") && !text.contains("hunter2"), "{text}");
    }
}
