//! Watches the calls of a store for errors that concern the whole storage.

use std::time::Instant;

use votify_core::StoreError;

use super::{SqlStore, store_error};
use crate::backend::Backend;
use crate::error::Error;
use crate::retry::retry_transient;
use crate::schema::Schema;

#[expect(private_bounds, reason = "databases are added inside this crate")]
impl<B: Backend> SqlStore<B> {
    /// Returns the backend if its tables are current and its storage is intact.
    pub(crate) async fn ready(&self) -> Result<&B, Error> {
        let tables = &self.health.tables;
        self.health.check_damage()?;
        if tables.has_problem() {
            self.check_tables(Some(Instant::now()), true).await?;
        }
        if tables.is_current() || self.check_schema().await? == Schema::Current {
            Ok(&self.backend)
        } else {
            Err(Error::NotMigrated)
        }
    }

    /// Checks the tables of a running store, unless a check has started after `since`.
    /// Fails if they are incomplete.
    pub(super) async fn check_tables(
        &self,
        since: Option<Instant>,
        after_error: bool,
    ) -> Result<(), Error> {
        let tables = &self.health.tables;
        let mut last_check = tables.last_check.lock().await;
        if last_check.is_some_and(|last| Some(last) > since) {
            return tables.check();
        }
        let started = Instant::now();
        let schema = retry_transient(|| self.backend.schema()).await;
        match schema.and_then(|schema| schema.check_in_use(after_error)) {
            Ok(()) => {
                if tables.has_problem()
                    && let Some(cache) = self.backend.poll_cache()
                {
                    cache.invalidate_all();
                }
                tables.record_current();
            }
            Err(error @ (Error::Incomplete { .. } | Error::TablesUnusable(_))) => {
                tables.record_problem(&error, || self.backend.storage());
            }
            Err(error) => {
                if let Some(damage) = self.backend.damage(&error) {
                    return Err(self.health.stop(damage));
                }
                // Unknown: the database cannot be reached.
                tracing::debug!(%error, "failed to check the tables");
            }
        }
        *last_check = Some(started);
        tables.check()
    }

    /// Runs a call, and records what its error says about the storage.
    pub(crate) async fn observe<T>(
        &self,
        call: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        match call.await {
            Ok(value) => Ok(value),
            Err(error) => Err(self.examine(&error).await.unwrap_or(error)),
        }
    }

    /// Runs a call, and converts its error.
    pub(crate) async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, StoreError> {
        self.observe(call).await.map_err(store_error::<B>)
    }

    /// Records what an error says about the storage. Returns the error of every call if the
    /// store refuses them from now on.
    async fn examine(&self, error: &Error) -> Option<Error> {
        if let Some(damage) = self.backend.damage(error) {
            return Some(self.health.stop(damage));
        }
        // Retries have timed out on a lock of the whole database.
        let is_locked = B::LOCKS_DATABASE && matches!(error, Error::Conflict(_));
        if is_locked || error.is_unwritable() {
            let storage = || self.backend.storage();
            self.health.writes.record_failure(error, storage);
        }
        if error.is_schema_mismatch() {
            return self.check_tables(Some(Instant::now()), true).await.err();
        }
        None
    }

    /// Records what the errors of a batch say about the storage. If the store refuses calls
    /// from now on, replaces the errors.
    pub(super) async fn examine_each<T: Send + Sync>(&self, results: &mut [Result<T, StoreError>]) {
        let mut stopped = None;
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            let Some(error) = source(error) else { continue };
            stopped = self.examine(error).await;
            // The ballots of a batch share an error, unless each poll has its own.
            if stopped.is_some() || !error.may_concern_one_poll() {
                break;
            }
        }
        let Some(stopped) = stopped.map(store_error::<B>) else {
            return;
        };
        for result in results {
            if result.as_ref().is_err_and(|error| source(error).is_some()) {
                *result = Err(stopped.clone());
            }
        }
    }
}

/// Returns the cause of an error that a database reported.
fn source(error: &StoreError) -> Option<&Error> {
    match error {
        StoreError::Unavailable { source, .. }
        | StoreError::Corrupt { source, .. }
        | StoreError::Failed { source, .. } => source.downcast_ref(),
        _ => None,
    }
}
