//! The conformance suite on a store that is not one of ours.
#![expect(
    clippy::expect_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::sync::Arc;

use votify_core::Store;
use votify_core::conformance::{Fixture, StoreFixture};
use votify_redb::RedbStore;

struct Redb;

#[async_trait::async_trait]
impl StoreFixture for Redb {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let store = RedbStore::open(folder.path().join("votify.redb")).expect("a new database");
        Fixture::<dyn Store>::new(Arc::new(store)).guarded_by(folder)
    }
}

votify_core::store_conformance!(Redb);
