use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use rdkafka::ClientConfig;
use rdkafka::client::Client;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::future_producer::{DeliveryFuture, FutureProducerContext};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use votify_core::time::Timestamp;

use crate::blocking::drop_in_background;
use crate::client_context::Context;
use crate::error::Error;

type Driver = FutureProducer<Context>;

/// A record for a partition.
#[derive(Debug)]
pub(crate) struct OutgoingRecord {
    pub(crate) partition: u16,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
    pub(crate) headers: Option<OwnedHeaders>,
    /// The time of the record. Defaults to the time of the call.
    pub(crate) time: Option<Timestamp>,
}

/// An idempotent producer for one topic, which is replaced when it fails for good.
pub(crate) struct Producer {
    topic: String,
    config: ClientConfig,
    context: Context,
    current: Mutex<Arc<DroppedInBackground>>,
}

/// A driver whose drop does not block the caller.
struct DroppedInBackground(Option<Driver>);

impl Drop for DroppedInBackground {
    fn drop(&mut self) {
        if let Some(driver) = self.0.take() {
            drop_in_background(driver);
        }
    }
}

impl Producer {
    /// Creates a producer. Connects in the background.
    ///
    /// # Errors
    /// - [`Error::Settings`]: the configuration is invalid.
    pub(crate) fn new(config: ClientConfig, topic: String) -> Result<Self, Error> {
        let context = Context::default();
        let current = Mutex::new(open(&config, &context)?);
        Ok(Self {
            topic,
            config,
            context,
            current,
        })
    }

    /// Appends records, each in the order of its partition, and returns a result for each.
    pub(crate) async fn send(&self, records: &[OutgoingRecord]) -> Vec<Result<(), Error>> {
        let current = self.current();
        let Some(driver) = &current.0 else {
            return records.iter().map(|_| Err(Error::TaskEnded)).collect();
        };
        let sent: Vec<_> = records
            .iter()
            .map(|record| self.enqueue(driver, record))
            .collect();
        let results = join_all(sent.into_iter().map(|sent| self.delivered(sent))).await;
        if results.iter().any(Result::is_err) {
            self.replace_failed(&current);
        }
        results
    }

    fn enqueue(&self, driver: &Driver, record: &OutgoingRecord) -> Result<DeliveryFuture, Error> {
        let mut outgoing = FutureRecord::to(&self.topic)
            .partition(record.partition.into())
            .key(&record.key)
            .payload(&record.value);
        if let Some(headers) = &record.headers {
            outgoing = outgoing.headers(headers.clone());
        }
        if let Some(time) = record.time {
            outgoing = outgoing.timestamp(time.as_micros().div_euclid(1_000));
        }
        driver
            .send_result(outgoing)
            .map_err(|(error, _)| Error::from_kafka(&error, self.context.last_error()))
    }

    async fn delivered(&self, sent: Result<DeliveryFuture, Error>) -> Result<(), Error> {
        match sent?.await {
            Ok(Ok(_)) => {
                self.context.record_success();
                Ok(())
            }
            Ok(Err((error, _))) => Err(Error::from_kafka(&error, self.context.last_error())),
            Err(_) => Err(Error::TaskEnded),
        }
    }

    /// Replaces a driver that lost the order of its records, for example because the
    /// brokers no longer know it. It would reject all further records.
    fn replace_failed(&self, failed: &Arc<DroppedInBackground>) {
        let driver = failed.0.as_ref();
        let Some((code, reason)) = driver.and_then(|driver| driver.client().fatal_error()) else {
            return;
        };
        let mut current = self.lock();
        if !Arc::ptr_eq(&current, failed) {
            return;
        }
        tracing::warn!(%code, reason, "the Kafka producer failed and is replaced");
        match open(&self.config, &self.context) {
            Ok(driver) => *current = driver,
            Err(error) => tracing::error!(%error, "failed to replace the Kafka producer"),
        }
    }

    /// Returns the number of records that wait for the brokers.
    pub(crate) fn waiting(&self) -> u32 {
        let current = self.current();
        let waiting = current.0.as_ref().map(Driver::in_flight_count);
        waiting.map_or(0, |waiting| u32::try_from(waiting).unwrap_or(0))
    }

    /// Runs a blocking call on the client.
    ///
    /// # Errors
    /// - [`Error::TaskEnded`]: the producer is closing.
    /// - The error of the call.
    pub(crate) fn with_client<T>(
        &self,
        call: impl FnOnce(&Client<FutureProducerContext<Context>>, &Context) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let current = self.current();
        let driver = current.0.as_ref().ok_or(Error::TaskEnded)?;
        call(driver.client(), &self.context)
    }

    fn current(&self) -> Arc<DroppedInBackground> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<DroppedInBackground>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(config: &ClientConfig, context: &Context) -> Result<Arc<DroppedInBackground>, Error> {
    let driver = Driver::from_config_and_context(config, context.clone())
        .map_err(|error| Error::from_kafka(&error, None))?;
    Ok(Arc::new(DroppedInBackground(Some(driver))))
}
