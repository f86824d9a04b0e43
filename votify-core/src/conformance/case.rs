use std::fmt;

use futures_util::future::BoxFuture;

use crate::conformance::fixture::{
    AccountStoreFixture, BroadcasterFixture, LimiterFixture, QueueFixture, StoreFixture,
};

/// A test of one law, for backends opened by a fixture `F`.
pub struct Case<F: ?Sized + 'static> {
    /// The family of laws, which is also the name of the case's module.
    pub family: &'static str,
    /// The name, which is also that of the case's function.
    pub name: &'static str,
    /// Checks the law on a fresh backend, in a runtime with several threads. Panics if the
    /// law is broken.
    pub run: for<'a> fn(&'a F) -> BoxFuture<'a, ()>,
}

impl<F: ?Sized> fmt::Debug for Case<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({}::{})", self.family, self.name)
    }
}

/// The cases of [`store_conformance!`](crate::store_conformance).
pub const STORE_CASES: &[Case<dyn StoreFixture>] =
    crate::__store_cases!(__conformance_table(store));

/// The cases of [`broadcaster_conformance!`](crate::broadcaster_conformance).
pub const BROADCASTER_CASES: &[Case<dyn BroadcasterFixture>] =
    crate::__broadcaster_cases!(__conformance_table(broadcaster));

/// The cases of [`invite_conformance!`](crate::invite_conformance).
pub const INVITE_CASES: &[Case<dyn StoreFixture>] =
    crate::__invite_cases!(__conformance_table(invites));

/// The cases of [`limiter_conformance!`](crate::limiter_conformance).
pub const LIMITER_CASES: &[Case<dyn LimiterFixture>] =
    crate::__limiter_cases!(__conformance_table(limiter));

/// The cases of [`queue_conformance!`](crate::queue_conformance).
pub const QUEUE_CASES: &[Case<dyn QueueFixture>] =
    crate::__queue_cases!(__conformance_table(queue));

/// The cases of [`account_store_conformance!`](crate::account_store_conformance).
pub const ACCOUNT_STORE_CASES: &[Case<dyn AccountStoreFixture>] =
    crate::__account_store_cases!(__conformance_table(accounts));
