use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::store::Store;

type Opener = Arc<dyn Fn() -> BoxFuture<'static, Arc<dyn Store>> + Send + Sync>;

/// Opens a store for the cases. A fixture that cannot do so panics.
#[async_trait]
pub trait StoreFixture: Send + Sync {
    /// An empty store that shares nothing with any other one.
    async fn fresh(&self) -> FreshStore;

    /// Why this store cannot be tested here, such as a server that is not there; then every case says so and passes.
    ///
    /// A suite that must not skip panics here instead.
    fn unavailable(&self) -> Option<String> {
        None
    }

    /// How late listings may be, as the store promises it; no lateness unless told otherwise.
    fn listings_may_lag(&self) -> Duration {
        Duration::ZERO
    }
}

/// An empty store, and what belongs to it.
pub struct FreshStore {
    store: Arc<dyn Store>,
    opener: Option<Opener>,
    guard: Box<dyn Any + Send + Sync>,
}

impl FreshStore {
    /// A store of which there is only this one handle, and which ends with it.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            opener: None,
            guard: Box::new(()),
        }
    }

    /// A store that can be opened any number of times, each time as another process would: the same data, nothing
    /// else shared.
    ///
    /// Races are then run across two handles, and what was acknowledged is looked for after opening it anew.
    pub async fn open<F, Fut>(open: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Arc<dyn Store>> + Send + 'static,
    {
        let opener: Opener = Arc::new(move || Box::pin(open()));
        Self {
            store: opener().await,
            opener: Some(opener),
            guard: Box::new(()),
        }
    }

    /// The same store, with something that is dropped after it: a temporary directory, a schema.
    #[must_use]
    pub fn guarded_by(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guard = Box::new((self.guard, guard));
        self
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Another handle on the same data: as of another process if the store can be opened twice, else the same one.
    pub async fn another(&self) -> Arc<dyn Store> {
        match &self.opener {
            Some(open) => open().await,
            None => self.store(),
        }
    }

    /// Drops the store and opens its data anew; `None` if nothing outlives the handle.
    pub async fn reopened(self) -> Option<Self> {
        let Self {
            store,
            opener,
            guard,
        } = self;
        drop(store);
        let opener = opener?;
        Some(Self {
            store: opener().await,
            opener: Some(opener),
            guard,
        })
    }
}

impl fmt::Debug for FreshStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreshStore")
            .field("store", &self.store)
            .field("opens_again", &self.opener.is_some())
            .finish_non_exhaustive()
    }
}
