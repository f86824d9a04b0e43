mod duration;
mod security;
mod url;

use std::fmt;
use std::time::Duration;

use crate::error::Error;
pub use security::{Sasl, SaslMechanism, Tls};
use votify_core::queue::QueueError;

/// The address of a Kafka cluster, a topic, and the settings of both sides of a queue.
///
/// All instances of an application use the same settings. `Debug` prints no password.
///
/// # URLs
///
/// `kafka://[user:password@]host:port[,host:port]/topic[?name=value[&name=value]]`, where a
/// user or password with special characters is percent-encoded:
///
/// | parameter | default | meaning |
/// | --- | --- | --- |
/// | `partitions` | `12` | [`partitions`](Self::partitions) |
/// | `replication` | `3` | [`replication`](Self::replication) |
/// | `min_insync_replicas` | replication − 1, at least 1 | [`min_insync_replicas`](Self::min_insync_replicas) |
/// | `retention` | `7d` | [`retention`](Self::retention) |
/// | `delivery_timeout` | `5s` | [`delivery_timeout`](Self::delivery_timeout) |
/// | `session_timeout` | `10s` | [`session_timeout`](Self::session_timeout) |
/// | `tls` | `false` | TLS to the brokers; requires the feature `tls` |
/// | `ca` | the system's | file with the trusted root certificates (PEM), for `tls=true` |
/// | `sasl` | `scram-sha-512` if there is a user | or `scram-sha-256`, `plain`; SCRAM requires the feature `tls`, `plain` requires `tls=true` |
///
/// ```
/// use std::time::Duration;
/// use votify_kafka::KafkaSettings;
///
/// let settings = KafkaSettings::from_url("kafka://kafka-1:9092,kafka-2:9092/votify?partitions=24")?
///     .retention(Duration::from_secs(3 * 24 * 3_600));
/// assert_eq!(settings.topic(), "votify");
/// assert_eq!(settings.dead_topic(), "votify.dead");
/// # Ok::<(), votify_core::queue::QueueError>(())
/// ```
#[derive(Clone)]
pub struct KafkaSettings {
    pub(crate) brokers: String,
    pub(crate) topic: String,
    pub(crate) tls: Option<Tls>,
    pub(crate) sasl: Option<Sasl>,
    pub(crate) partitions: u16,
    pub(crate) replication: u16,
    pub(crate) min_insync_replicas: Option<u16>,
    pub(crate) retention: Duration,
    pub(crate) delivery_timeout: Duration,
    pub(crate) session_timeout: Duration,
    pub(crate) max_waiting: u32,
}

impl KafkaSettings {
    /// The default number of partitions: as many aggregators can count at once.
    const PARTITIONS: u16 = 12;
    /// With three copies, one broker can fail while another one is maintained.
    const REPLICATION: u16 = 3;
    const RETENTION: Duration = Duration::from_secs(7 * 24 * 3_600);
    const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);
    const SESSION_TIMEOUT: Duration = Duration::from_secs(10);
    /// About 60 MB with the client's own memory for each record.
    const MAX_WAITING: u32 = 100_000;
    /// Kafka's maximum is 249, and the name of the topic of dead letters has 5 more.
    const MAX_TOPIC_LENGTH: usize = 244;

    /// Creates settings for the brokers `host:port[,host:port]`, from which the client
    /// learns the others, and a topic.
    ///
    /// # Errors
    /// - [`QueueError::Failed`]: the name of the topic is invalid. It has 1 to 244 ASCII
    ///   letters, digits, `.`, `_` or `-`.
    pub fn new(brokers: &str, topic: &str) -> Result<Self, QueueError> {
        Self::with_topic(brokers.to_owned(), topic).map_err(Error::into_queue_error)
    }

    /// Parses a URL; see [URLs](#urls).
    ///
    /// # Errors
    /// - [`QueueError::Failed`]: the URL is invalid. The message names the part without its
    ///   value, which may be a secret.
    pub fn from_url(url: &str) -> Result<Self, QueueError> {
        url::parse(url).map_err(Error::into_queue_error)
    }

    fn with_topic(brokers: String, topic: &str) -> Result<Self, Error> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_valid = (1..=Self::MAX_TOPIC_LENGTH).contains(&topic.len())
            && topic.bytes().all(is_allowed)
            && !matches!(topic, "." | "..");
        if !is_valid {
            let problem = "the topic must have 1 to 244 ASCII letters, digits, '.', '_' or '-'";
            return Err(Error::settings(problem));
        }
        Ok(Self {
            brokers,
            topic: topic.to_owned(),
            tls: None,
            sasl: None,
            partitions: Self::PARTITIONS,
            replication: Self::REPLICATION,
            min_insync_replicas: None,
            retention: Self::RETENTION,
            delivery_timeout: Self::DELIVERY_TIMEOUT,
            session_timeout: Self::SESSION_TIMEOUT,
            max_waiting: Self::MAX_WAITING,
        })
    }

    /// Returns the name of the topic with the ballots.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Returns the name of the topic with the records that cannot be counted: that of the
    /// topic and `.dead`.
    #[must_use]
    pub fn dead_topic(&self) -> String {
        format!("{}.dead", self.topic)
    }

    /// Sets the number of partitions. Defaults to 12, at least 1.
    ///
    /// It must not change while the topic has records that are not counted: a poll would
    /// have records in two partitions, and lose its order. So a queue does not connect to a
    /// topic with another number.
    #[must_use]
    pub fn partitions(mut self, partitions: u16) -> Self {
        self.partitions = partitions.max(1);
        self
    }

    /// Sets the number of copies of each partition of new topics. Defaults to 3, at least
    /// 1. A cluster needs as many brokers.
    #[must_use]
    pub fn replication(mut self, replication: u16) -> Self {
        self.replication = replication.max(1);
        self
    }

    /// Sets the number of copies that must be written before a record of a new topic is
    /// acknowledged. Defaults to one less than [`replication`](Self::replication), at least
    /// 1. With 1, the failure of one broker can lose acknowledged votes.
    #[must_use]
    pub fn min_insync_replicas(mut self, replicas: u16) -> Self {
        self.min_insync_replicas = Some(replicas.max(1));
        self
    }

    /// Returns true if an acknowledged record is on at least two brokers, with these settings.
    #[must_use]
    pub fn survives_a_broker(&self) -> bool {
        self.min_insync() > 1
    }

    /// Sets how long new topics keep their records. Defaults to 7 days, at least 1 hour.
    ///
    /// Votes that are not counted within this time are lost.
    #[must_use]
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention.max(Duration::from_secs(3_600));
        self
    }

    /// Sets the time within which a record enters the log, or never. Defaults to 5 s;
    /// values outside of 2 s to 60 s are clamped.
    ///
    /// A poll closes this time and the engine's
    /// [`clock_skew`](votify_core::engine::EngineConfig::clock_skew) after its closing time.
    #[must_use]
    pub fn delivery_timeout(mut self, timeout: Duration) -> Self {
        self.delivery_timeout = timeout.clamp(Duration::from_secs(2), Duration::from_secs(60));
        self
    }

    /// Sets the time after which a consumer that stopped responding loses its partitions.
    /// Defaults to 10 s; values outside of 6 s to 300 s are clamped, Kafka's usual bounds.
    #[must_use]
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.session_timeout = timeout.clamp(Duration::from_secs(6), Duration::from_secs(300));
        self
    }

    /// Sets the maximum number of records that wait for the brokers in this process; more
    /// are rejected with [`QueueError::Full`]. Defaults to 100 000, at least 1.
    #[must_use]
    pub fn max_waiting(mut self, records: u32) -> Self {
        self.max_waiting = records.max(1);
        self
    }

    /// Uses TLS to the brokers.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Logs in with a user and a password.
    #[must_use]
    pub fn sasl(mut self, sasl: Sasl) -> Self {
        self.sasl = Some(sasl);
        self
    }

    pub(crate) fn min_insync(&self) -> u16 {
        let default = self.replication.saturating_sub(1).max(1);
        self.min_insync_replicas
            .unwrap_or(default)
            .min(self.replication)
    }
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("brokers", &self.brokers)
            .field("topic", &self.topic)
            .field("tls", &self.tls.is_some())
            .field("sasl", &self.sasl)
            .field("partitions", &self.partitions)
            .field("delivery_timeout", &self.delivery_timeout)
            .finish_non_exhaustive()
    }
}
