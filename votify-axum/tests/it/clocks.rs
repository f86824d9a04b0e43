//! The clock of the machine beside the store's.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tracing::subscriber::set_default;
use votify_core::conformance::ForwardStore;
use votify_core::{Clock, MemoryStore, Store, StoreError, Timestamp};

use crate::app::{App, SECRET, SharedClock, engine, open_router};
use crate::log_capture::LogCapture;

/// A memory store on a server with a clock.
#[derive(Debug)]
struct StoreWithClock {
    inner: MemoryStore,
    clock: SharedClock,
}

#[async_trait]
impl ForwardStore for StoreWithClock {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(Some(self.clock.now()))
    }
}

/// Builds an app whose clock is `ahead` seconds ahead of its store's, after their first
/// comparison.
async fn app_ahead(ahead: u64) -> App {
    let (store_clock, clock) = (SharedClock::new(), SharedClock::new());
    clock.set_after(&store_clock, ahead);
    let store = StoreWithClock {
        inner: MemoryStore::new(),
        clock: store_clock,
    };
    let engine = engine(store, &clock, &[SECRET]);
    let compared = async || {
        let components = engine.check_ready().await.components;
        components.iter().any(|found| found.component == "clock")
    };
    while !compared().await {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    App {
        router: open_router(engine.clone()).build(),
        engine,
        clock,
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_a_warning_and_shows_in_the_readiness() {
    for (ahead, is_right) in [(5, true), (10, false)] {
        let log = LogCapture::default();
        let _logging = set_default(log.clone());
        let app = app_ahead(ahead).await;
        let ready = app.get("/readyz").await.expect_status(200).json();
        assert_eq!(ready["ready"], true);
        assert_eq!(
            ready["parts"][2],
            json!({"part": "clock", "backend": "memory", "needed": false, "ready": is_right})
        );
        let warning = "the clock of this machine and the store's differ";
        assert_eq!(log.text().contains(warning), !is_right, "{}", log.text());
        assert_eq!(log.text().contains("seconds=10"), !is_right);
    }
}
