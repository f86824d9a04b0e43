use std::time::Duration;

use sqlx::error::DatabaseError;
use votify_core::broadcast::BroadcastError;

use super::NAME;

/// An error of the broadcaster. The public methods turn it into a [`BroadcastError`].
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the listening connection was lost")]
    ConnectionLost,
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the broadcaster is closed")]
    Closed,
    #[error("{0}")]
    InvalidUrl(crate::error::Error),
    /// The server rejects the user, the database or the settings; a retry does not help.
    #[error("{0}")]
    Rejected(sqlx::Error),
    /// Any other error of the driver.
    #[error("{0}")]
    Driver(sqlx::Error),
}

impl Error {
    pub(super) fn into_broadcast_error(self) -> BroadcastError {
        match self {
            Self::InvalidUrl(_) | Self::Rejected(_) => BroadcastError::failed(NAME, self),
            _ => BroadcastError::unavailable(NAME, self),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => Self::Rejected(error),
            sqlx::Error::Database(database) if is_rejection(database.as_ref()) => {
                Self::Rejected(error)
            }
            _ => Self::Driver(error),
        }
    }
}

/// Returns true if the class of the error code says that a retry does not help.
///
/// Source: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn is_rejection(error: &dyn DatabaseError) -> bool {
    let code = error.code();
    // Invalid authorization; invalid catalog name; syntax error or access rule violation.
    let classes = ["28", "3D", "42"];
    code.is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
}
