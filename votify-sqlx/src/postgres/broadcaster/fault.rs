use std::time::Duration;

use sqlx::error::DatabaseError;
use votify_core::broadcast::BroadcastError;

use super::NAME;
use crate::error::Error;

/// What can go wrong, named by what follows from it; turned into a [`BroadcastError`] once, at the edge.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the listening connection was lost")]
    Lost,
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error("the broadcaster is closed")]
    Closed,
    /// It is no URL of such a server.
    #[error("{0}")]
    Url(Error),
    /// The server is there, but has no place for this user or its settings: that will not change by waiting.
    #[error("{0}")]
    Refused(sqlx::Error),
    /// Anything else that the driver said.
    #[error("{0}")]
    Driver(sqlx::Error),
}

impl Fault {
    pub(super) fn into_broadcast_error(self) -> BroadcastError {
        match self {
            Self::Url(_) | Self::Refused(_) => BroadcastError::failed(NAME, self),
            _ => BroadcastError::unavailable(NAME, self),
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => Self::Refused(error),
            sqlx::Error::Database(database) if is_refusal(database.as_ref()) => {
                Self::Refused(error)
            }
            _ => Self::Driver(error),
        }
    }
}

/// By the class of the error (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn is_refusal(error: &dyn DatabaseError) -> bool {
    let code = error.code();
    // Invalid authorization; no such database; syntax and access rights.
    let refusals = ["28", "3D", "42"];
    code.is_some_and(|code| refusals.iter().any(|class| code.starts_with(class)))
}
