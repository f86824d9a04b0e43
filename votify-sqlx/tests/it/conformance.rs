//! The contracts of stores, account stores and invite stores on each database: with the
//! store's own pool, and on a host's pool.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
/// Implements fixture traits for a type that has `async fn scratch() -> (String, guard)`,
/// which returns the URL of an empty database, and `async fn open(url: &str) -> store`.
macro_rules! impl_fixtures {
    ($fixture:ty, unavailable: $unavailable:expr) => {
        impl_fixtures!(@one $fixture, $unavailable, StoreFixture, votify_core::Store);
        impl_fixtures!(@one $fixture, $unavailable, AccountStoreFixture, votify_core::AccountStore);
    };
    (@one $fixture:ty, $unavailable:expr, $fixture_trait:ident, $backend_trait:path) => {
        #[async_trait::async_trait]
        impl votify_core::conformance::$fixture_trait for $fixture {
            async fn fresh(&self) -> votify_core::conformance::Fixture<dyn $backend_trait> {
                let (url, guard) = <$fixture>::scratch().await;
                let open = move || {
                    let url = url.clone();
                    async move {
                        let store = <$fixture>::open(&url).await;
                        std::sync::Arc::new(store) as std::sync::Arc<dyn $backend_trait>
                    }
                };
                votify_core::conformance::Fixture::open(open)
                    .await
                    .keeping_alive(guard)
            }

            fn unavailable(&self) -> Option<String> {
                $unavailable
            }
        }
    };
}
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
use impl_fixtures;
