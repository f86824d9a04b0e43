use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, PushInfo, PushKind, RedisResult, Value};

use super::call::Call;
use super::connection::Connection;
use super::target::Target;
use crate::error::Error;

/// Maximum calls that wait to be written to one connection. Above the 256 polls that one
/// call of the store reads at once, so that a few such calls do not block each other.
pub(super) const MAX_QUEUED_CALLS: usize = 1_024;

type SharedConnect = Shared<BoxFuture<'static, RedisResult<MultiplexedConnection>>>;

/// The connection to one server. The next call replaces a lost connection.
///
/// The driver's `ConnectionManager` does the same, but it keeps non-network errors
/// forever, such as "max generation of clients reached".
pub(super) struct Single {
    target: Target,
    slot: Mutex<ConnectionSlot>,
}

/// The current connection attempt, pending, established or failed.
#[derive(Clone, Default)]
struct ConnectionSlot {
    /// Number of the attempt, unique within the process.
    generation: u64,
    connecting: Option<SharedConnect>,
}

impl Single {
    pub(super) fn new(target: Target) -> Arc<Self> {
        Arc::new(Self {
            target,
            slot: Mutex::default(),
        })
    }

    /// Returns the connection, and establishes it first if there is none.
    pub(super) async fn connection(self: &Arc<Self>) -> Result<MultiplexedConnection, Error> {
        Ok(self.current_connection().await?.1)
    }

    pub(super) async fn call(self: &Arc<Self>, call: &Call<'_>) -> Result<Value, Error> {
        let (generation, connection) = self.current_connection().await?;
        let called = call.send(&mut Connection::Single(connection)).await;
        if let Err(error) = &called
            && error.is_unrecoverable_error()
        {
            self.discard(generation);
        }
        Ok(called?)
    }

    /// Makes later calls open a new connection. Calls in progress keep theirs.
    pub(super) fn invalidate(&self) {
        let invalidated = self.lock().connecting.take();
        // Dropped after the lock is released: this may be the connection's last owner.
        drop(invalidated);
    }

    async fn current_connection(self: &Arc<Self>) -> Result<(u64, MultiplexedConnection), Error> {
        let (generation, connecting) = self.current_attempt();
        let connected = connecting.await;
        if connected.is_err() {
            self.discard(generation);
        }
        let connected =
            connected.map_err(|error| Error::from(error).redacted(self.target.password()))?;
        Ok((generation, connected))
    }

    fn current_attempt(self: &Arc<Self>) -> (u64, SharedConnect) {
        let mut slot = self.lock();
        if let Some(connecting) = &slot.connecting {
            return (slot.generation, connecting.clone());
        }
        let generation = slot.generation + 1;
        let connecting = self.connect(generation);
        *slot = ConnectionSlot {
            generation,
            connecting: Some(connecting.clone()),
        };
        (generation, connecting)
    }

    fn connect(self: &Arc<Self>, generation: u64) -> SharedConnect {
        let owner = Arc::downgrade(self);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.target.timeout))
            // Each call sets its own timeout.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(MAX_QUEUED_CALLS)
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection
                    && let Some(owner) = owner.upgrade()
                {
                    owner.discard(generation);
                }
                Ok::<_, ()>(())
            });
        let client = self.target.client.clone();
        let connecting = async move {
            client
                .get_multiplexed_async_connection_with_config(&config)
                .await
        };
        connecting.boxed().shared()
    }

    /// Clears the slot if it still holds the attempt of `generation`.
    fn discard(&self, generation: u64) {
        let mut slot = self.lock();
        let lost = (slot.generation == generation)
            .then(|| slot.connecting.take())
            .flatten();
        drop(slot);
        // Dropped after the lock is released: this may be the connection's last owner.
        drop(lost);
    }

    fn lock(&self) -> MutexGuard<'_, ConnectionSlot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
