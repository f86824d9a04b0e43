use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use votify_core::queue::QueueError;

use crate::settings::KafkaSettings;

/// The name of this queue in errors, logs and readiness.
pub(crate) const BACKEND: &str = "kafka";

/// An error of a call to Kafka, classified by what the caller can do about it.
///
/// Public functions convert it into a [`QueueError`].
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Settings(String),
    /// The queue of this process, or the broker's quota, has no room.
    #[error("too many records wait for the brokers")]
    Full,
    /// The brokers cannot be reached, or are not able to serve the call now.
    #[error("{cause}{}", details(.last_error.as_deref()))]
    Unavailable {
        cause: String,
        /// The last error of a connection, which often explains why a call timed out.
        last_error: Option<String>,
    },
    /// The brokers rejected the call. A retry does not help.
    #[error("{0}")]
    Rejected(String),
    #[error("there is no topic {0}; `votify migrate` or `create_topics` creates it")]
    NoTopic(String),
    #[error(
        "the topic {topic} has {found} partitions, but the settings say {expected}; set \
         `partitions` to {found} if the topic was created with this number; a topic whose number was changed \
         cannot be used"
    )]
    Partitions {
        topic: String,
        found: usize,
        expected: usize,
    },
    /// An existing topic has a setting with which votes could be lost.
    #[error("the topic {topic} has {name}={found}, but {required}")]
    TopicSetting {
        topic: String,
        name: &'static str,
        found: String,
        required: String,
    },
    #[error("a task of the queue ended early")]
    TaskEnded,
}

fn details(last_error: Option<&str>) -> String {
    last_error.map_or_else(String::new, |error| {
        format!("; the last error was: {error}")
    })
}

impl Error {
    pub(crate) fn settings(problem: impl Into<String>) -> Self {
        Self::Settings(problem.into())
    }

    /// Classifies an error of the driver.
    pub(crate) fn from_kafka(error: &KafkaError, last_error: Option<String>) -> Self {
        let cause = error.to_string();
        match error {
            KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) | KafkaError::Nul(_) => {
                Self::Settings(cause)
            }
            KafkaError::AdminOp(code) => Self::from_code(*code, last_error),
            _ => match error.rdkafka_error_code() {
                Some(code) => Self::from_code(code, last_error),
                None => Self::Unavailable { cause, last_error },
            },
        }
    }

    /// Classifies an error by its code. Unknown codes count as transient, so that a vote is
    /// sent again.
    pub(crate) fn from_code(code: Code, last_error: Option<String>) -> Self {
        match code {
            Code::QueueFull => Self::Full,
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::Authentication
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState
            | Code::InvalidArgument
            | Code::InvalidConfig
            | Code::InvalidGroupId
            | Code::InvalidPartitions
            | Code::InvalidReplicationFactor
            | Code::InvalidRequest
            | Code::InvalidRequiredAcks
            | Code::InvalidSessionTimeout
            | Code::InvalidTopic
            | Code::MessageSizeTooLarge
            | Code::PolicyViolation
            | Code::UnknownPartition
            | Code::UnknownTopic
            | Code::UnknownTopicOrPartition
            | Code::UnsupportedForMessageFormat
            | Code::UnsupportedVersion => Self::Rejected(code.to_string()),
            _ => Self::Unavailable {
                cause: code.to_string(),
                last_error,
            },
        }
    }

    /// Adds the brokers that do not respond.
    pub(crate) fn at(self, settings: &KafkaSettings) -> Self {
        match self {
            Self::Unavailable { cause, last_error } => Self::Unavailable {
                cause: format!("no answer of {}: {cause}", settings.brokers),
                last_error,
            },
            error => error,
        }
    }

    #[cfg(test)]
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Full | Self::Unavailable { .. } | Self::TaskEnded
        )
    }

    pub(crate) fn into_queue_error(self) -> QueueError {
        match self {
            Self::Full => QueueError::Full { backend: BACKEND },
            Self::Unavailable { .. } | Self::TaskEnded => QueueError::unavailable(BACKEND, self),
            _ => QueueError::failed(BACKEND, self),
        }
    }
}
