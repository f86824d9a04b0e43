//! The conformance suite for this store. One macro generates all its tests.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use votify_core::Store;
use votify_core::conformance::{Fixture, StoreFixture};
use votify_redb::RedbStore;

struct RedbFixture;

#[async_trait::async_trait]
impl StoreFixture for RedbFixture {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = RedbStore::open(folder.path().join("votify.redb")).expect("a new database");
        Fixture::<dyn Store>::new(Arc::new(store)).keeping_alive(folder)
    }
}

votify_core::store_conformance!(RedbFixture);
