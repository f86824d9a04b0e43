use std::sync::Arc;

use async_trait::async_trait;
use votify_core::{AccountStore, MemoryAccountStore, MemoryStore, Store, StoreError};
use votify_redis::RedisStore;
use votify_sqlx::{MySqlStore, PostgresStore, SqliteStore};

use crate::error::CliError;
use crate::settings::StoreUrl;

/// The store chosen by `--store`.
#[derive(Debug, Clone)]
pub(crate) struct OpenedStore(Arc<dyn ServerStore>);

/// What the program needs of a store beside `Store` and `InviteStore`.
#[async_trait]
trait ServerStore: Store {
    /// Creates or upgrades the schema.
    async fn migrate(&self) -> Result<(), StoreError>;
    /// Returns true if the schema has the version of this program.
    async fn is_migrated(&self) -> Result<bool, StoreError>;
    /// Returns what may happen to an acknowledged vote, or `None` if it survives a crash
    /// and a loss of power.
    fn durability_warning(&self) -> Option<String>;
    /// Returns the account store, or `None` if the store has none.
    fn accounts(&self) -> Option<Arc<dyn AccountStore>>;
    async fn close(&self);
}

macro_rules! server_store {
    ($($store:ty),*) => {$(
        #[async_trait]
        impl ServerStore for $store {
            async fn migrate(&self) -> Result<(), StoreError> {
                self.migrate().await
            }

            async fn is_migrated(&self) -> Result<bool, StoreError> {
                self.is_migrated().await
            }

            fn durability_warning(&self) -> Option<String> {
                let durability = self.durability();
                (!durability.is_durable()).then(|| durability.to_string())
            }

            fn accounts(&self) -> Option<Arc<dyn AccountStore>> {
                Some(Arc::new(self.clone()))
            }

            async fn close(&self) {
                self.close().await;
            }
        }
    )*};
}

server_store!(SqliteStore, PostgresStore, MySqlStore);

#[async_trait]
impl ServerStore for MemoryStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn durability_warning(&self) -> Option<String> {
        Some("lost if this process ends".into())
    }

    fn accounts(&self) -> Option<Arc<dyn AccountStore>> {
        Some(Arc::new(MemoryAccountStore::new()))
    }

    async fn close(&self) {}
}

#[async_trait]
impl ServerStore for RedisStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn durability_warning(&self) -> Option<String> {
        let durability = self.durability();
        let hint = "set appendonly yes, appendfsync always and no-appendfsync-on-rewrite no";
        (!durability.is_durable()).then(|| format!("{durability}; {hint}"))
    }

    fn accounts(&self) -> Option<Arc<dyn AccountStore>> {
        None
    }

    // The connections close when the last handle is dropped.
    async fn close(&self) {}
}

impl OpenedStore {
    /// Opens the store without migrating it.
    pub(crate) async fn open(url: &StoreUrl) -> Result<Self, CliError> {
        let opened: Result<Arc<dyn ServerStore>, StoreError> = match url {
            StoreUrl::Memory => Ok(Arc::new(MemoryStore::new())),
            StoreUrl::Sqlite { url, .. } => SqliteStore::connect(url).await.map(shared),
            StoreUrl::Postgres(url) => PostgresStore::connect(url.as_str()).await.map(shared),
            StoreUrl::MySql(url) => MySqlStore::connect(url.as_str()).await.map(shared),
            StoreUrl::Redis(url) => RedisStore::connect(url.as_str()).await.map(shared),
        };
        opened.map(Self).map_err(|error| failed(&error))
    }

    /// Creates or upgrades the schema.
    pub(crate) async fn migrate(&self) -> Result<(), CliError> {
        self.0.migrate().await.map_err(|error| failed(&error))
    }

    /// Fails if the schema does not have the version of this program.
    pub(crate) async fn check_migrated(&self) -> Result<(), CliError> {
        match self.0.is_migrated().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(CliError::failed(
                "--store: the tables are missing or of an older version: run `votify migrate`, or start with \
                 --migrate",
            )),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Fails unless every acknowledged vote survives a crash and a loss of power.
    pub(crate) fn check_durable(&self) -> Result<(), CliError> {
        match self.0.durability_warning() {
            None => Ok(()),
            Some(warning) => Err(CliError::failed(format!(
                "--require-durable: acknowledged votes in --store are not durable: {warning}"
            ))),
        }
    }

    /// Returns the store for the engine.
    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as _
    }

    /// Returns the account store, or `None` if the store has none.
    pub(crate) fn accounts(&self) -> Option<Arc<dyn AccountStore>> {
        self.0.accounts()
    }

    /// Closes the connections once their calls have ended. The store cannot be used
    /// afterwards.
    pub(crate) async fn close(&self) {
        self.0.close().await;
    }
}

fn shared(store: impl ServerStore) -> Arc<dyn ServerStore> {
    Arc::new(store)
}

/// Describes a store's error in one line that names the setting.
pub(crate) fn failed(error: &StoreError) -> CliError {
    CliError::for_setting("--store", error)
}
