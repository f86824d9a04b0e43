use std::fmt;

use futures_util::future::BoxFuture;

use crate::conformance::fixture::{
    AccountStoreFixture, BroadcasterFixture, InviteFixture, LimiterFixture, StoreFixture,
};

/// One law as a test, for backends that a fixture `F` opens.
pub struct Case<F: ?Sized + 'static> {
    /// The family of laws, which is also its module.
    pub family: &'static str,
    /// Its name, which is also its function's.
    pub name: &'static str,
    /// Checks the law on a fresh backend, in a runtime with several threads; panics if it is broken.
    pub run: for<'a> fn(&'a F) -> BoxFuture<'a, ()>,
}

impl<F: ?Sized> fmt::Debug for Case<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({}::{})", self.family, self.name)
    }
}

/// Every case that [`store_conformance!`](crate::store_conformance) makes a test of.
pub const STORE_CASES: &[Case<dyn StoreFixture>] =
    crate::__store_cases!(__conformance_table(store));

/// Every case that [`broadcaster_conformance!`](crate::broadcaster_conformance) makes a test of.
pub const BROADCASTER_CASES: &[Case<dyn BroadcasterFixture>] =
    crate::__broadcaster_cases!(__conformance_table(broadcaster));

/// Every case that [`invite_conformance!`](crate::invite_conformance) makes a test of.
pub const INVITE_CASES: &[Case<dyn InviteFixture>] =
    crate::__invite_cases!(__conformance_table(invites));

/// Every case that [`limiter_conformance!`](crate::limiter_conformance) makes a test of.
pub const LIMITER_CASES: &[Case<dyn LimiterFixture>] =
    crate::__limiter_cases!(__conformance_table(limiter));

/// Every case that [`account_store_conformance!`](crate::account_store_conformance) makes a test of.
pub const ACCOUNT_STORE_CASES: &[Case<dyn AccountStoreFixture>] =
    crate::__account_store_cases!(__conformance_table(accounts));
