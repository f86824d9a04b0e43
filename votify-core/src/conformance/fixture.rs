//! The traits that open a backend for the suites, and the opened backend.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::account::AccountStore;
use crate::broadcast::Broadcaster;
use crate::limit::RateLimiter;
use crate::queue::{BallotQueue, QueueConsumer};
use crate::store::Store;
use crate::time::ManualClock;

/// Opens stores for [`store_conformance!`](crate::store_conformance) and
/// [`invite_conformance!`](crate::invite_conformance).
#[async_trait]
pub trait StoreFixture: Send + Sync {
    /// Returns an empty store that shares nothing with any other store.
    ///
    /// # Panics
    /// If the store cannot be opened; the test then fails.
    async fn fresh(&self) -> Fixture<dyn Store>;

    /// Returns why the store cannot be tested here, for example because a server is
    /// missing. Every case then prints the reason and passes.
    ///
    /// A suite that must not skip panics here instead. Defaults to `None`.
    fn unavailable(&self) -> Option<String> {
        None
    }

    /// Returns how late the store's listings may be. Defaults to zero.
    fn max_listing_delay(&self) -> Duration {
        Duration::ZERO
    }
}

/// Opens account stores for
/// [`account_store_conformance!`](crate::account_store_conformance).
#[async_trait]
pub trait AccountStoreFixture: Send + Sync {
    /// Returns an empty account store that shares nothing with any other one.
    ///
    /// # Panics
    /// If the store cannot be opened; the test then fails.
    async fn fresh(&self) -> Fixture<dyn AccountStore>;

    /// Returns why the store cannot be tested here; see [`StoreFixture::unavailable`].
    fn unavailable(&self) -> Option<String> {
        None
    }
}

/// Opens broadcasters for
/// [`broadcaster_conformance!`](crate::broadcaster_conformance).
#[async_trait]
pub trait BroadcasterFixture: Send + Sync {
    /// Returns a broadcaster without subscribers that shares its carrier with no other
    /// test.
    ///
    /// # Panics
    /// If the broadcaster cannot be opened; the test then fails.
    async fn fresh(&self) -> Fixture<dyn Broadcaster>;

    /// Returns why the broadcaster cannot be tested here; see
    /// [`StoreFixture::unavailable`].
    fn unavailable(&self) -> Option<String> {
        None
    }
}

/// Opens rate limiters for [`limiter_conformance!`](crate::limiter_conformance).
#[async_trait]
pub trait LimiterFixture: Send + Sync {
    /// Returns a limiter without recorded attempts, whose instances measure time with the
    /// monotonic time of `clock`. The cases move this clock forward.
    ///
    /// A limiter that uses the clock of a server needs a setting for tests that replaces
    /// it.
    ///
    /// # Panics
    /// If the limiter cannot be opened; the test then fails.
    async fn fresh(&self, clock: Arc<ManualClock>) -> Fixture<dyn RateLimiter>;

    /// Returns why the limiter cannot be tested here; see [`StoreFixture::unavailable`].
    fn unavailable(&self) -> Option<String> {
        None
    }
}

/// Opens queues for [`queue_conformance!`](crate::queue_conformance).
#[async_trait]
pub trait QueueFixture: Send + Sync {
    /// Returns an empty queue with at least two partitions.
    ///
    /// # Panics
    /// If the queue cannot be opened; the test then fails.
    async fn fresh(&self) -> Fixture<dyn QueueInstance>;

    /// Returns why the queue cannot be tested here; see [`StoreFixture::unavailable`].
    fn unavailable(&self) -> Option<String> {
        None
    }

    /// Returns how long a consumer may wait for its partitions after another one came or
    /// ended. Defaults to zero.
    fn max_rebalance_time(&self) -> Duration {
        Duration::ZERO
    }
}

/// Both sides of an opened queue.
#[async_trait]
pub trait QueueInstance: Send + Sync {
    /// Returns the side of producers.
    fn queue(&self) -> Arc<dyn BallotQueue>;

    /// Opens a consumer in a group.
    ///
    /// # Panics
    /// If the consumer cannot be opened; the test then fails.
    async fn consumer(&self, group: &str) -> Box<dyn QueueConsumer>;
}

type Opener<T> = Arc<dyn Fn() -> BoxFuture<'static, Arc<T>> + Send + Sync>;
type Interrupt = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// A backend opened for one case, and what the case may do with it.
///
/// `T` is the trait under test, for example `Fixture<dyn Store>`. Name it if the compiler
/// cannot infer it: `Fixture::<dyn Store>::new(…)`.
pub struct Fixture<T: ?Sized> {
    instance: Arc<T>,
    second: Option<Arc<T>>,
    opener: Option<Opener<T>>,
    interrupt: Option<Interrupt>,
    guard: Box<dyn Any + Send + Sync>,
}

impl<T: Send + Sync + ?Sized> Fixture<T> {
    /// Creates a fixture for a backend whose data is lost with this instance.
    #[must_use]
    pub fn new(instance: Arc<T>) -> Self {
        Self {
            instance,
            second: None,
            opener: None,
            interrupt: None,
            guard: Box::new(()),
        }
    }

    /// Creates a fixture for a backend that `open` can open any number of times.
    ///
    /// The instances share their data and nothing else, like those of several processes.
    /// Concurrent cases run on two instances, and durability is checked after reopening.
    pub async fn open<F, Fut>(open: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Arc<T>> + Send + 'static,
    {
        let opener: Opener<T> = Arc::new(move || Box::pin(open()));
        let mut fixture = Self::new(opener().await);
        fixture.opener = Some(opener);
        fixture
    }

    /// Adds a second instance that shares its data or carrier with the first one, like
    /// one in another process.
    #[must_use]
    pub fn with_second_instance(mut self, second: Arc<T>) -> Self {
        self.second = Some(second);
        self
    }

    /// Adds a function that cuts the connections of all instances once. Its future
    /// resolves when they are cut.
    #[must_use]
    pub fn with_interrupt<F, Fut>(mut self, interrupt: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.interrupt = Some(Arc::new(move || Box::pin(interrupt())));
        self
    }

    /// Adds a value that is dropped after the backend, for example a temporary directory.
    #[must_use]
    pub fn keeping_alive(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guard = Box::new((self.guard, guard));
        self
    }

    /// Returns the first instance.
    #[must_use]
    pub fn instance(&self) -> Arc<T> {
        Arc::clone(&self.instance)
    }

    /// Returns another instance on the same data, or the first one if there can be only
    /// one.
    pub async fn second_instance(&self) -> Arc<T> {
        match (&self.second, &self.opener) {
            (Some(second), _) => Arc::clone(second),
            (None, Some(open)) => open().await,
            (None, None) => self.instance(),
        }
    }

    /// Drops the instance and opens its data again. `None` if the backend cannot be
    /// reopened.
    pub async fn reopen(self) -> Option<Self> {
        let Self {
            instance,
            second,
            opener,
            interrupt,
            guard,
        } = self;
        drop((instance, second));
        let opener = opener?;
        Some(Self {
            instance: opener().await,
            second: None,
            opener: Some(opener),
            interrupt,
            guard,
        })
    }

    /// Cuts the connections of all instances. Returns false if there are none to cut.
    pub async fn interrupt(&self) -> bool {
        let Some(interrupt) = &self.interrupt else {
            return false;
        };
        interrupt().await;
        true
    }
}

impl<T: fmt::Debug + ?Sized> fmt::Debug for Fixture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture")
            .field("instance", &self.instance)
            .field("second", &self.second)
            .field("can_reopen", &self.opener.is_some())
            .field("can_interrupt", &self.interrupt.is_some())
            .finish_non_exhaustive()
    }
}
