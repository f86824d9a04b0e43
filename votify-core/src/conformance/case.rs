use std::fmt;

use futures_util::future::BoxFuture;

use crate::conformance::fixture::StoreFixture;

/// One law of [`Store`](crate::Store) as a test.
#[derive(Clone, Copy)]
pub struct StoreCase {
    /// The family of laws, which is also its module in [`store`](super::store).
    pub family: &'static str,
    /// Its name, which is also its function's.
    pub name: &'static str,
    /// Checks the law on a fresh store; panics if it is broken.
    pub run: for<'a> fn(&'a dyn StoreFixture) -> BoxFuture<'a, ()>,
}

impl fmt::Debug for StoreCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreCase({}::{})", self.family, self.name)
    }
}

/// Every case that [`store_conformance!`](crate::store_conformance) makes a test of.
pub const STORE_CASES: &[StoreCase] = crate::__store_cases!(__store_table());
