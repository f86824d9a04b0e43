use std::error::Error;
use std::sync::Arc;

use votify_core::{MemoryStore, Store, StoreError};
use votify_sqlx::SqliteStore;

use crate::failure::Failure;
use crate::settings::StoreUrl;

/// A store that was opened by its URL.
#[derive(Debug, Clone)]
pub(crate) enum OpenStore {
    Memory(Arc<MemoryStore>),
    Sqlite(SqliteStore),
}

impl OpenStore {
    /// Opens the store. Its schema is as it was found.
    pub(crate) async fn open(url: &StoreUrl) -> Result<Self, Failure> {
        match url {
            StoreUrl::Memory => Ok(Self::Memory(Arc::default())),
            StoreUrl::Sqlite { url, .. } => {
                let opened = SqliteStore::connect(url).await.map_err(|error| failed(&error))?;
                Ok(Self::Sqlite(opened))
            }
        }
    }

    /// Creates or upgrades the schema.
    pub(crate) async fn migrate(&self) -> Result<(), Failure> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Sqlite(store) => store.migrate().await.map_err(|error| failed(&error)),
        }
    }

    /// The store as the engine takes it.
    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::clone(store) as _,
            Self::Sqlite(store) => Arc::new(store.clone()),
        }
    }

    /// Closes its connections once they are done; it cannot be used afterwards.
    pub(crate) async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(store) => store.close().await,
        }
    }
}

/// The store's failure in one line that names the setting.
pub(crate) fn failed(error: &StoreError) -> Failure {
    let mut line = format!("--store: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    Failure::failed(line)
}
