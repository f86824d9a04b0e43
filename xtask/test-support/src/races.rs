//! Invariants that hold with several instances on one server, and while the server is
//! killed.

mod clock;
pub mod closing;
pub mod kills;
mod load;
pub mod opposite_orders;
pub mod two_ballots;
mod vote;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use votify_core::{Keyring, Poll, PollDraft, PollEngine, Store};

pub use clock::OffsetClock;
pub use load::Load;
pub use vote::Vote;

/// Two instances on one database, each with its own store and engine.
pub struct Instances {
    /// The stores.
    pub stores: [Arc<dyn Store>; 2],
    /// The engine of each store.
    pub engines: [PollEngine; 2],
    _guard: Box<dyn Any + Send + Sync>,
}

impl Instances {
    /// Builds the engines. The second engine's clock is `clock_offset` ahead of the first
    /// one's. `guard` is dropped last: a server or a scratch database.
    #[must_use]
    pub fn new(
        stores: [Arc<dyn Store>; 2],
        clock_offset: Duration,
        guard: impl Any + Send + Sync,
    ) -> Self {
        let keyring = Keyring::ephemeral();
        let engine = |index: usize, offset| {
            let builder = PollEngine::builder(Arc::clone(&stores[index]));
            let builder = builder.keyring(keyring.clone());
            builder.clock(OffsetClock(offset)).build()
        };
        let engines = [engine(0, Duration::ZERO), engine(1, clock_offset)];
        Self {
            stores,
            engines,
            _guard: Box::new(guard),
        }
    }
}

impl fmt::Debug for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instances").finish_non_exhaustive()
    }
}

/// Creates a poll with two options.
pub async fn create_poll(engine: &PollEngine) -> Arc<Poll> {
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    engine.create_poll(draft).await.unwrap()
}
