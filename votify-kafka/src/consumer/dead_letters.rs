use rdkafka::message::{Header, OwnedHeaders};
use tokio::sync::OnceCell;
use votify_core::backend::LogRecord;
use votify_core::queue::{DeliveredRecord, RecordSource};

use super::buffer::UnreadableRecord;
use crate::client_config;
use crate::error::Error;
use crate::producer::{OutgoingRecord, Producer};
use crate::settings::KafkaSettings;

/// The partition of dead letters: their topic has one.
const PARTITION: u16 = 0;

/// The topic for records that cannot be counted. Its producer is opened with the first one.
pub(super) struct DeadLetters {
    settings: KafkaSettings,
    producer: OnceCell<Producer>,
}

impl DeadLetters {
    pub(super) fn new(settings: &KafkaSettings) -> Self {
        Self {
            settings: settings.clone(),
            producer: OnceCell::new(),
        }
    }

    /// Stores records as they were read. Returns a result for each.
    ///
    /// # Errors
    /// - [`Error::Settings`]: the producer cannot be opened.
    pub(super) async fn send_unreadable(
        &self,
        records: &[UnreadableRecord],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let letters: Vec<OutgoingRecord> = records
            .iter()
            .map(|record| self.letter(record.source, &record.key, &record.value, &record.reason))
            .collect();
        Ok(self.producer().await?.send(&letters).await)
    }

    /// Stores records that the store cannot take.
    ///
    /// # Errors
    /// - [`Error::Full`], [`Error::Unavailable`]: nothing or a part was stored.
    /// - [`Error::Rejected`], [`Error::Settings`]: the brokers or the client reject them.
    pub(super) async fn send(
        &self,
        records: &[DeliveredRecord],
        reason: &str,
    ) -> Result<(), Error> {
        let mut letters = Vec::with_capacity(records.len());
        for delivered in records {
            let value = LogRecord::from(delivered.record.clone()).encode();
            let value = value.map_err(|error| Error::Rejected(error.to_string()))?;
            let key = delivered.record.poll();
            letters.push(self.letter(delivered.source, key.as_bytes(), &value, reason));
        }
        let results = self.producer().await?.send(&letters).await;
        results.into_iter().collect()
    }

    async fn producer(&self) -> Result<&Producer, Error> {
        let open = async || {
            let config = client_config::producer(&self.settings)?;
            Producer::new(config, self.settings.dead_topic())
        };
        self.producer.get_or_try_init(open).await
    }

    fn letter(
        &self,
        source: RecordSource,
        key: &[u8],
        value: &[u8],
        reason: &str,
    ) -> OutgoingRecord {
        let header = |key, value| Header {
            key,
            value: Some(value),
        };
        let offset = source.log_position.saturating_sub(1).to_string();
        let headers = OwnedHeaders::new()
            .insert(header("reason", reason))
            .insert(header("topic", self.settings.topic()))
            .insert(header("partition", &source.partition.to_string()))
            .insert(header("offset", &offset));
        OutgoingRecord {
            partition: PARTITION,
            key: key.to_vec(),
            value: value.to_vec(),
            headers: Some(headers),
            time: None,
        }
    }
}
