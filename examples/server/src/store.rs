use std::sync::Arc;

use async_trait::async_trait;
use votify_core::{AccountStore, MemoryAccountStore, MemoryStore, Store, StoreError};
use votify_redis::RedisStore;
use votify_sqlx::{MySqlStore, PostgresStore, SqliteStore};

use crate::failure::Failure;
use crate::settings::StoreUrl;

/// A store that was opened by its URL.
#[derive(Debug, Clone)]
pub(crate) struct OpenStore(Arc<dyn Kept>);

/// What a store that is kept somewhere can be asked besides.
#[async_trait]
trait Kept: Store {
    /// Creates or upgrades the schema.
    async fn migrate(&self) -> Result<(), StoreError>;
    /// Whether the schema is that of this version.
    async fn is_migrated(&self) -> Result<bool, StoreError>;
    /// What may become of an acknowledged vote, if it does not survive everything.
    fn weakness(&self) -> Option<String>;
    /// Where users are kept, if it can keep them.
    fn accounts(&self) -> Option<Arc<dyn AccountStore>>;
    async fn close(&self);
}

macro_rules! kept {
    ($($store:ty),*) => {$(
        #[async_trait]
        impl Kept for $store {
            async fn migrate(&self) -> Result<(), StoreError> {
                self.migrate().await
            }

            async fn is_migrated(&self) -> Result<bool, StoreError> {
                self.is_migrated().await
            }

            fn weakness(&self) -> Option<String> {
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

kept!(SqliteStore, PostgresStore, MySqlStore);

#[async_trait]
impl Kept for MemoryStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn weakness(&self) -> Option<String> {
        Some("gone when this process ends".into())
    }

    fn accounts(&self) -> Option<Arc<dyn AccountStore>> {
        Some(Arc::new(MemoryAccountStore::new()))
    }

    async fn close(&self) {}
}

#[async_trait]
impl Kept for RedisStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn weakness(&self) -> Option<String> {
        let durability = self.durability();
        let hint = "it takes appendonly yes, appendfsync always and no-appendfsync-on-rewrite no";
        (!durability.is_durable()).then(|| format!("{durability}; {hint}"))
    }

    fn accounts(&self) -> Option<Arc<dyn AccountStore>> {
        None
    }

    // Its connections end with the last one that holds it.
    async fn close(&self) {}
}

impl OpenStore {
    /// Opens the store. Its schema is as it was found.
    pub(crate) async fn open(url: &StoreUrl) -> Result<Self, Failure> {
        let opened: Result<Arc<dyn Kept>, StoreError> = match url {
            StoreUrl::Memory => Ok(Arc::new(MemoryStore::new())),
            StoreUrl::Sqlite { url, .. } => SqliteStore::connect(url).await.map(shared),
            StoreUrl::Postgres(url) => PostgresStore::connect(url.as_given()).await.map(shared),
            StoreUrl::MySql(url) => MySqlStore::connect(url.as_given()).await.map(shared),
            StoreUrl::Redis(url) => RedisStore::connect(url.as_given()).await.map(shared),
        };
        opened.map(Self).map_err(|error| failed(&error))
    }

    /// Creates or upgrades the schema.
    pub(crate) async fn migrate(&self) -> Result<(), Failure> {
        self.0.migrate().await.map_err(|error| failed(&error))
    }

    /// Fails with what to do where the schema is not that of this version.
    pub(crate) async fn check_migrated(&self) -> Result<(), Failure> {
        match self.0.is_migrated().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::failed(
                "--store: its tables do not exist yet or are of an older version: run `votify migrate`, or start with \
                 --migrate",
            )),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Fails with what a vote is worth instead, unless every acknowledged one survives a crash and a loss of power.
    pub(crate) fn check_durable(&self) -> Result<(), Failure> {
        match self.0.weakness() {
            None => Ok(()),
            Some(weakness) => Err(Failure::failed(format!(
                "--require-durable: --store does not keep every acknowledged vote: {weakness}"
            ))),
        }
    }

    /// The store as the engine takes it.
    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as _
    }

    /// Where users are kept: beside the polls, if the store can keep them.
    pub(crate) fn accounts(&self) -> Option<Arc<dyn AccountStore>> {
        self.0.accounts()
    }

    /// Closes its connections once they are done; it cannot be used afterwards.
    pub(crate) async fn close(&self) {
        self.0.close().await;
    }
}

fn shared(store: impl Kept) -> Arc<dyn Kept> {
    Arc::new(store)
}

/// The store's failure in one line that names the setting.
pub(crate) fn failed(error: &StoreError) -> Failure {
    Failure::of_setting("--store", error)
}
