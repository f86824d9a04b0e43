use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use votify_core::backend::LogThrottle;

/// Receives the log lines and errors of a client. Clones share the last error.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    last_error: Arc<Mutex<Option<String>>>,
    throttle: Arc<LogThrottle>,
}

impl Context {
    /// Returns the last error of a connection since the last success.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Forgets the last error, because a call succeeded.
    pub(crate) fn record_success(&self) {
        let had_error = self.lock().take().is_some();
        if had_error && self.throttle.record_success() {
            tracing::info!("the Kafka brokers respond again");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {
    /// The client repeats its lines with each attempt to connect. What matters is reported
    /// as an error too.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(facility, message, "the Kafka client failed");
            }
            _ => tracing::debug!(facility, message, "log line of the Kafka client"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        *self.lock() = Some(format!("{reason} ({error})"));
        if let Some(failures) = self.throttle.record_failure() {
            tracing::warn!(failures, %error, reason, "a Kafka connection failed");
        }
    }
}
