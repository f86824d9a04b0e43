use std::error::Error;
use std::fmt;

use super::server_url::HIDDEN;

/// The URL of a queue on Kafka, with its credentials. `Display` and `Debug` hide them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KafkaUrl(String);

impl KafkaUrl {
    /// Checks a URL. Errors never repeat the text, which may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match votify_kafka::KafkaSettings::from_url(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => {
                let cause = error.source().map(ToString::to_string);
                Err(format!("is invalid: {}", cause.unwrap_or_default()))
            }
        }
    }

    /// Returns the URL with its credentials.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Writes the URL without its password. Its parameters are no secrets.
impl fmt::Display for KafkaUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.0.strip_prefix("kafka://").unwrap_or_default();
        match rest.rsplit_once('@') {
            Some((login, place)) => {
                let user = login.split_once(':').map_or(login, |(user, _)| user);
                write!(f, "kafka://{user}:{HIDDEN}@{place}")
            }
            None => write!(f, "kafka://{rest}"),
        }
    }
}

impl fmt::Debug for KafkaUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KafkaUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_urls_have_no_password() {
        let url = "kafka://ann:hunter2@a:9092,b:9092/votes?partitions=6&sasl=scram-sha-256";
        let url = KafkaUrl::parse(url).unwrap();
        assert_eq!(
            url.to_string(),
            "kafka://ann:***@a:9092,b:9092/votes?partitions=6&sasl=scram-sha-256"
        );
        assert!(!format!("{url:?}").contains("hunter2"));
        let plain = "kafka://localhost:9092/votes";
        assert_eq!(KafkaUrl::parse(plain).unwrap().to_string(), plain);
    }

    #[test]
    fn errors_of_invalid_urls_do_not_show_the_password() {
        for bad in [
            "kafka://ann:hunter2@host",
            "kafka://ann:hunter2@host/votes?password=hunter2",
            "kafka://ann:hunter2@host:port/votes",
        ] {
            let problem = KafkaUrl::parse(bad).unwrap_err();
            assert!(!problem.contains("hunter2"), "{bad}: {problem}");
        }
    }
}
