use std::sync::atomic::{AtomicBool, Ordering};

use votify_core::backend::LogThrottle;

use crate::error::Error;
use crate::schema::Schema;

/// Remembers whether the tables are current, so that not every call reads the schema.
#[derive(Debug, Default)]
pub(crate) struct SchemaStatus {
    is_current: AtomicBool,
    /// True once the tables were found to be current.
    was_current: AtomicBool,
    throttle: LogThrottle,
}

impl SchemaStatus {
    pub(crate) fn is_current(&self) -> bool {
        self.is_current.load(Ordering::Relaxed)
    }

    /// Records that the tables were found to be current.
    pub(crate) fn record_current(&self) {
        self.was_current.store(true, Ordering::Relaxed);
        self.is_current.store(true, Ordering::Relaxed);
        if self.throttle.record_success() {
            tracing::info!("the tables are complete again");
        }
    }

    /// Records the error of a call that did not find a table or a column. The next call
    /// reads the schema.
    pub(crate) fn record_missing(&self, error: &Error) {
        self.is_current.store(false, Ordering::Relaxed);
        if let Some(failures) = self.throttle.record_failure() {
            tracing::error!(
                failures,
                %error,
                "a table or a column is missing; the store refuses calls until it is back"
            );
        }
    }

    /// Returns the error for a schema that is not current. Before the first success, the
    /// host has to migrate. After it, the tables were changed while they were in use.
    pub(crate) fn error(&self, found: Result<Schema, Error>) -> Error {
        let was_current = self.was_current.load(Ordering::Relaxed);
        match found {
            Ok(_) if !was_current => Error::NotMigrated,
            Ok(_) => Error::TablesUnusable(
                "tables are missing although they were complete before; restore a backup".into(),
            ),
            Err(
                error @ (Error::Incomplete { .. }
                | Error::ForeignTable { .. }
                | Error::UnreleasedTables { .. }
                | Error::TooNew { .. }),
            ) if was_current => Error::TablesUnusable(error.to_string()),
            Err(error) => error,
        }
    }
}
