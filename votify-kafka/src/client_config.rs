use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use crate::error::Error;
use crate::settings::{KafkaSettings, Sasl, SaslMechanism, Tls};

/// The client scans for records that are too old once a second, so it may send one until
/// this long after its timeout.
const EXPIRY_DELAY: Duration = Duration::from_secs(1);
/// The time that a consumer may take for one batch.
const MAX_PROCESSING: Duration = Duration::from_secs(300);

/// Returns the configuration of a producer that stores each record once and in order.
///
/// # Errors
/// - [`Error::Settings`]: the security settings contradict each other or need a feature.
pub(crate) fn producer(settings: &KafkaSettings) -> Result<ClientConfig, Error> {
    let mut config = common(settings)?;
    let timeout = settings.delivery_timeout.saturating_sub(EXPIRY_DELAY);
    config
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("delivery.timeout.ms", millis(timeout))
        // Batches without a delay that a voter would notice.
        .set("linger.ms", "2")
        .set(
            "queue.buffering.max.messages",
            settings.max_waiting.to_string(),
        )
        // The number of records is the limit.
        .set("queue.buffering.max.kbytes", "2097151");
    Ok(config)
}

/// Returns the configuration of a consumer that commits by hand.
///
/// # Errors
/// As for [`producer`].
pub(crate) fn consumer(settings: &KafkaSettings, group: &str) -> Result<ClientConfig, Error> {
    let mut config = common(settings)?;
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // A new group begins with the oldest record.
        .set("auto.offset.reset", "earliest")
        // A consumer keeps the partitions that do not move in a rebalance.
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", millis(settings.session_timeout))
        // A broker answers nothing on a connection whose consumer waits for a rebalance,
        // which takes up to the session timeout.
        .set("socket.timeout.ms", millis(settings.session_timeout * 2))
        .set(
            "heartbeat.interval.ms",
            millis(settings.session_timeout / 4),
        )
        .set(
            "max.poll.interval.ms",
            millis(MAX_PROCESSING.max(settings.session_timeout)),
        )
        .set("check.crcs", "true")
        // For the lag.
        .set("statistics.interval.ms", "1000")
        .set("queued.max.messages.kbytes", "16384")
        .set("fetch.queue.backoff.ms", "50")
        .set("fetch.error.backoff.ms", "100");
    Ok(config)
}

/// Returns the configuration that all clients share.
///
/// # Errors
/// As for [`producer`].
pub(crate) fn common(settings: &KafkaSettings) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::new();
    config
        .set_log_level(RDKafkaLogLevel::Warning)
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", "votify")
        .set("socket.keepalive.enable", "true")
        .set("socket.nagle.disable", "true")
        .set("socket.connection.setup.timeout.ms", "5000")
        // A connection that is silent this long is replaced.
        .set("socket.timeout.ms", "6000")
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000");
    let protocol = match (&settings.tls, &settings.sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    config.set("security.protocol", protocol);
    if let Some(tls) = &settings.tls {
        set_tls(&mut config, tls)?;
    }
    if let Some(sasl) = &settings.sasl {
        set_sasl(&mut config, sasl, settings.tls.is_some())?;
    }
    Ok(config)
}

fn set_tls(config: &mut ClientConfig, tls: &Tls) -> Result<(), Error> {
    if !cfg!(feature = "tls") {
        let problem = "TLS to Kafka needs the feature `tls` of votify-kafka";
        return Err(Error::settings(problem));
    }
    config.set("ssl.endpoint.identification.algorithm", "https");
    if let Some(certificates) = &tls.root_certificates {
        config.set("ssl.ca.pem", certificates);
    } else if let Some(file) = &tls.root_certificates_file {
        config.set("ssl.ca.location", file);
    }
    Ok(())
}

fn set_sasl(config: &mut ClientConfig, sasl: &Sasl, has_tls: bool) -> Result<(), Error> {
    if sasl.mechanism == SaslMechanism::Plain && !has_tls {
        let problem = "SASL PLAIN sends the password, so it requires TLS";
        return Err(Error::settings(problem));
    }
    if !cfg!(feature = "tls") {
        let problem = "a login at Kafka needs the feature `tls` of votify-kafka";
        return Err(Error::settings(problem));
    }
    config
        .set("sasl.mechanism", sasl.mechanism.name())
        .set("sasl.username", &sasl.user)
        .set("sasl.password", &sasl.password);
    Ok(())
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> KafkaSettings {
        KafkaSettings::new("localhost:9092", "votes").unwrap()
    }

    #[test]
    fn all_options_are_known_to_the_client() {
        let sent = producer(&settings()).unwrap();
        sent.create_native_config().unwrap();
        assert_eq!(sent.get("delivery.timeout.ms"), Some("4000"));
        let read = consumer(&settings(), "group").unwrap();
        read.create_native_config().unwrap();
    }

    #[test]
    fn passwords_are_not_sent_unencrypted() {
        let plain = Sasl::new(SaslMechanism::Plain, "ann", "hunter2");
        let error = common(&settings().sasl(plain)).unwrap_err();
        assert!(matches!(error, Error::Settings(_)), "{error:?}");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn tls_and_scram_options_are_known_to_the_client() {
        let sasl = Sasl::new(SaslMechanism::ScramSha512, "ann", "hunter2");
        let secured = settings().tls(Tls::default()).sasl(sasl);
        let config = common(&secured).unwrap();
        config.create_native_config().unwrap();
        assert_eq!(config.get("security.protocol"), Some("sasl_ssl"));
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
