use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use votify_core::StoreError;
use votify_core::broadcast::BroadcastError;
use votify_core::limit::LimitError;

/// The name for errors and logs.
pub(crate) const NAME: &str = "redis";

/// What can go wrong with Redis, named by what follows from it; turned into an error of the seam once, at the edge.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    /// Nothing was sent, or nothing was done with it: worth trying again at once.
    #[error("{0}")]
    NotDone(RedisError),
    /// Not reachable, full, read-only or loading. What was sent may have been done.
    #[error("{0}")]
    Unavailable(RedisError),
    /// As [`Unavailable`](Self::Unavailable).
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// The server is there, but has no place for this user or these settings: that will not change by waiting.
    #[error("{0}")]
    Refused(RedisError),
    /// The same, where the server's own words would give the password away.
    #[error("the server does not take the URL's user and password")]
    RefusedLogin,
    /// The answer is none that this library's data can give.
    #[error("{0}")]
    Unreadable(RedisError),
    /// Anything else that the server or the driver said.
    #[error("{0}")]
    Driver(RedisError),
    /// It is no URL of such a server.
    #[error("{0}")]
    WrongUrl(String),
    #[error("a prefix has 1 to 64 letters, digits, '-', '_', '.' or ':'")]
    WrongPrefix,
    #[error("it was closed")]
    Closed,
}

impl Error {
    /// Whether nothing happened, and the same may go through at once.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(self, Self::NotDone(_))
    }

    /// Whether the same call may succeed later.
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::NotDone(_) | Self::Unavailable(_) | Self::Silent(_) | Self::Closed
        )
    }

    /// The same, unless its words hold the password.
    pub(crate) fn without(self, password: Option<&str>) -> Self {
        let tells = |secret: &str| !secret.is_empty() && self.to_string().contains(secret);
        if password.is_some_and(tells) {
            return Self::RefusedLogin;
        }
        self
    }

    pub(crate) fn into_connect_error(self) -> ConnectError {
        if self.is_transient() {
            ConnectError::Unavailable(Cause::new(self))
        } else {
            ConnectError::Failed(Cause::new(self))
        }
    }

    pub(crate) fn into_store_error(self) -> StoreError {
        match self {
            Self::Unreadable(_) => StoreError::corrupt(NAME, self),
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
            ErrorKind::Io if error.is_connection_refusal() => Self::NotDone(error),
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown,
            ) => Self::NotDone(error),
            ErrorKind::Io
            | ErrorKind::ClusterConnectionNotFound
            | ErrorKind::Server(
                ServerErrorKind::ReadOnly | ServerErrorKind::Moved | ServerErrorKind::Ask,
            ) => Self::Unavailable(error),
            ErrorKind::AuthenticationFailed
            | ErrorKind::InvalidClientConfig
            | ErrorKind::RESP3NotSupported
            | ErrorKind::Server(ServerErrorKind::NoPerm) => Self::Refused(error),
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Unreadable(error),
            _ => match error.code() {
                // Full; a disk that cannot be written to; too few replicas; somebody's endless script.
                Some("OOM" | "MISCONF" | "NOREPLICAS" | "BUSY" | "UNBLOCKED") => {
                    Self::Unavailable(error)
                }
                Some("NOAUTH" | "WRONGPASS") => Self::Refused(error),
                _ => Self::Driver(error),
            },
        }
    }
}

/// Why there is no way to a Redis. Holds no password.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// It cannot be reached; it may be later.
    #[error("Redis is unavailable")]
    Unavailable(#[source] Cause),
    /// Wrong settings, such as a URL that makes no sense or a user that the server does not know; the same call will not
    /// succeed later.
    #[error("Redis cannot be used")]
    Failed(#[source] Cause),
}

impl ConnectError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// What happened, for logs.
#[derive(Clone, thiserror::Error)]
#[error("{0}")]
pub struct Cause(Arc<Error>);

impl Cause {
    fn new(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl std::fmt::Debug for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_servers_words_is_kept_back() {
        // As servers before version 6 answer to HELLO.
        let detail = "unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'hunter2'";
        let error = RedisError::from((ErrorKind::Extension, "ERR", detail.to_owned()));
        let shown = Error::from(error.clone()).without(Some("hunter2"));
        assert!(matches!(shown, Error::RefusedLogin), "{shown:?}");
        let shown = Error::from(error).without(Some("other"));
        assert!(matches!(shown, Error::Driver(_)), "{shown:?}");
    }
}
