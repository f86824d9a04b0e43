use std::error::Error;
use std::sync::Arc;

use votify_core::{MemoryStore, Store, StoreError};
use votify_sqlx::SqliteStore;

use crate::failure::Failure;
use crate::settings::StoreUrl;

/// Opens the store. Its schema is as it was found.
pub(crate) async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, Failure> {
    match url {
        StoreUrl::Memory => Ok(Arc::new(MemoryStore::new())),
        StoreUrl::Sqlite { url, .. } => Ok(Arc::new(sqlite(url).await?)),
    }
}

/// Opens the store and creates or upgrades its schema.
pub(crate) async fn open_migrated(url: &StoreUrl) -> Result<Arc<dyn Store>, Failure> {
    match url {
        StoreUrl::Memory => open(url).await,
        StoreUrl::Sqlite { url, .. } => {
            let store = sqlite(url).await?;
            store.migrate().await.map_err(|error| failed(&error))?;
            Ok(Arc::new(store))
        }
    }
}

async fn sqlite(url: &str) -> Result<SqliteStore, Failure> {
    SqliteStore::connect(url).await.map_err(|error| failed(&error))
}

/// The store's failure in one line that names the setting.
pub(crate) fn failed(error: &StoreError) -> Failure {
    let mut line = format!("--store: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    Failure::failed(line)
}
