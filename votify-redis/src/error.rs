use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use votify_core::StoreError;
use votify_core::broadcast::BroadcastError;
use votify_core::limit::LimitError;
use votify_core::store::Durability;

/// The backend name in errors and logs.
pub(crate) const NAME: &str = "redis";

/// An error of a call to Redis, classified by what the caller can do about it.
///
/// Public functions convert it into an error of `votify-core` or into a [`ConnectError`].
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    /// The call was not sent or not executed. An immediate retry is safe.
    #[error("{0}")]
    NotExecuted(RedisError),
    /// The server is unreachable, full, read-only or loading. The call may have been
    /// executed.
    #[error("{0}")]
    Unavailable(RedisError),
    /// The server did not reply in time. The call may have been executed.
    #[error("no reply within {0:?}")]
    Timeout(Duration),
    /// The server rejects this user or these settings. A retry does not help.
    #[error("{0}")]
    Rejected(RedisError),
    /// Same as [`Rejected`](Self::Rejected), if the server's message contains the
    /// password.
    #[error("the server rejected the user and password of the URL")]
    RejectedLogin,
    /// The reply has an unexpected type.
    #[error("{0}")]
    Parse(RedisError),
    /// Any other error of the server or the driver.
    #[error("{0}")]
    Driver(RedisError),
    #[error("invalid Redis URL: {0}")]
    InvalidUrl(String),
    #[error("invalid prefix: expected 1 to 64 letters, digits, '-', '_', '.' or ':'")]
    InvalidPrefix,
    #[error(
        "Redis evicts votes when its memory is full: set maxmemory-policy to noeviction, or maxmemory to 0"
    )]
    Evicting,
    #[error(
        "Redis is not durable: an acknowledged vote is {0}; set appendonly to yes and appendfsync to always"
    )]
    NotDurable(Durability),
    #[error("the broadcaster is closed")]
    Closed,
}

impl Error {
    /// Returns true if the call had no effect and may succeed immediately.
    pub(crate) const fn was_not_executed(&self) -> bool {
        matches!(self, Self::NotExecuted(_))
    }

    /// Returns true if the same call may succeed later.
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::NotExecuted(_) | Self::Unavailable(_) | Self::Timeout(_) | Self::Closed
        )
    }

    /// Returns true if the server rejected a write because its memory is full.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::Unavailable(error) if error.code() == Some("OOM"))
    }

    /// Replaces the error by [`RejectedLogin`](Self::RejectedLogin) if its message
    /// contains the password.
    pub(crate) fn redacted(self, password: Option<&str>) -> Self {
        let reveals = |secret: &str| !secret.is_empty() && self.to_string().contains(secret);
        if password.is_some_and(reveals) {
            return Self::RejectedLogin;
        }
        self
    }

    pub(crate) fn into_connect_error(self) -> ConnectError {
        if self.is_transient() {
            ConnectError::Unavailable(ErrorSource::new(self))
        } else {
            ConnectError::Failed(ErrorSource::new(self))
        }
    }

    pub(crate) fn into_store_error(self) -> StoreError {
        match self {
            Self::Parse(_) => StoreError::corrupt(NAME, self),
            _ if self.is_transient() => StoreError::unavailable(NAME, self),
            _ => StoreError::failed(NAME, self),
        }
    }

    pub(crate) fn into_broadcast_error(self) -> BroadcastError {
        if self.is_transient() {
            BroadcastError::unavailable(NAME, self)
        } else {
            BroadcastError::failed(NAME, self)
        }
    }

    pub(crate) fn into_limit_error(self) -> LimitError {
        LimitError::Unavailable {
            backend: NAME,
            source: Arc::new(self),
        }
    }
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Io if error.is_connection_refusal() => Self::NotExecuted(error),
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown,
            ) => Self::NotExecuted(error),
            ErrorKind::Io
            | ErrorKind::ClusterConnectionNotFound
            | ErrorKind::Server(
                ServerErrorKind::ReadOnly | ServerErrorKind::Moved | ServerErrorKind::Ask,
            ) => Self::Unavailable(error),
            ErrorKind::AuthenticationFailed
            | ErrorKind::InvalidClientConfig
            | ErrorKind::RESP3NotSupported
            | ErrorKind::Server(ServerErrorKind::NoPerm) => Self::Rejected(error),
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Parse(error),
            _ => match error.code() {
                // Memory full; disk not writable; too few replicas; a long-running
                // script.
                Some("OOM" | "MISCONF" | "NOREPLICAS" | "BUSY" | "UNBLOCKED") => {
                    Self::Unavailable(error)
                }
                Some("NOAUTH" | "WRONGPASS") => Self::Rejected(error),
                _ => Self::Driver(error),
            },
        }
    }
}

/// The error of connecting to Redis. Contains no password.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server cannot be reached now. The caller may retry.
    #[error("Redis is unavailable")]
    Unavailable(#[source] ErrorSource),
    /// The settings are invalid, such as a malformed URL or an unknown user. Retrying
    /// does not help.
    #[error("Redis cannot be used")]
    Failed(#[source] ErrorSource),
}

impl ConnectError {
    /// Returns true if the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// The cause of a [`ConnectError`], for logs.
#[derive(Clone, thiserror::Error)]
#[error("{0}")]
pub struct ErrorSource(Arc<Error>);

impl ErrorSource {
    fn new(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl std::fmt::Debug for ErrorSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_contain_the_password_are_redacted() {
        // The reply of servers before version 6 to HELLO.
        let detail = "unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'hunter2'";
        let error = RedisError::from((ErrorKind::Extension, "ERR", detail.to_owned()));
        let redacted = Error::from(error.clone()).redacted(Some("hunter2"));
        assert!(matches!(redacted, Error::RejectedLogin), "{redacted:?}");
        let redacted = Error::from(error).redacted(Some("other"));
        assert!(matches!(redacted, Error::Driver(_)), "{redacted:?}");
    }
}
