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
    ($fixture:ty, unavailable: $unavailable:expr, $($suite:ident),+) => {
        $(impl_fixtures!(@$suite $fixture, $unavailable);)+
    };
    (@store $fixture:ty, $unavailable:expr) => {
        impl_fixtures!(
            @one $fixture, $unavailable, StoreFixture, FreshStore,
            |store| std::sync::Arc::new(store) as std::sync::Arc<dyn votify_core::Store>
        );
    };
    (@accounts $fixture:ty, $unavailable:expr) => {
        impl_fixtures!(
            @one $fixture, $unavailable, AccountStoreFixture, FreshAccountStore,
            |store| std::sync::Arc::new(store) as std::sync::Arc<dyn votify_core::AccountStore>
        );
    };
    (@invites $fixture:ty, $unavailable:expr) => {
        impl_fixtures!(
            @one $fixture, $unavailable, InviteFixture, FreshInvites,
            |store| votify_core::conformance::InviteHandle::new(std::sync::Arc::new(store))
        );
    };
    (
        @one $fixture:ty, $unavailable:expr, $trait:ident, $fresh:ident,
        |$store:ident| $handle:expr
    ) => {
        #[async_trait::async_trait]
        impl votify_core::conformance::$trait for $fixture {
            async fn fresh(&self) -> votify_core::conformance::$fresh {
                let (url, guard) = <$fixture>::scratch().await;
                let open = move || {
                    let url = url.clone();
                    async move {
                        let $store = <$fixture>::open(&url).await;
                        $handle
                    }
                };
                votify_core::conformance::$fresh::open(open)
                    .await
                    .guarded_by(guard)
            }

            fn unavailable(&self) -> Option<String> {
                $unavailable
            }
        }
    };
}
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
use impl_fixtures;
