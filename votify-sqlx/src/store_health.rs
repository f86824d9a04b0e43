use std::sync::OnceLock;

use crate::error::Error;
use crate::tables_status::TablesStatus;
use crate::write_status::WriteStatus;

/// The state of a running store's storage, as its calls have shown it.
#[derive(Debug, Default)]
pub(crate) struct StoreHealth {
    pub(crate) writes: WriteStatus,
    pub(crate) tables: TablesStatus,
    /// The message, once the storage was found damaged. Final: what a damaged file still
    /// contains is unknown until it is checked at a start.
    damage: OnceLock<String>,
}

impl StoreHealth {
    /// Fails if the storage was found damaged.
    pub(crate) fn check_damage(&self) -> Result<(), Error> {
        match self.damage.get() {
            Some(damage) => Err(Error::Stopped(damage.clone())),
            None => Ok(()),
        }
    }

    /// Stops the store, and returns the error of every call from now on.
    pub(crate) fn stop(&self, damage: String) -> Error {
        let is_first = self.damage.set(damage.clone()).is_ok();
        if is_first {
            tracing::error!(error = %damage, "the store has stopped and refuses every call");
        }
        Error::Stopped(damage)
    }
}
