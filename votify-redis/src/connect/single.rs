use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, PushInfo, PushKind, RedisResult, Value};

use super::call::Call;
use super::connection::Connection;
use super::target::Target;
use crate::error::Error;

/// How many calls may wait for their turn to be written.
pub(super) const QUEUE: usize = 1_024;

type Connecting = Shared<BoxFuture<'static, RedisResult<MultiplexedConnection>>>;

/// The connection to one server, made anew when it was lost, on the next call.
///
/// The driver's own manager of connections does the same, but stays for ever with an error that is not of the network, such
/// as that of a server that had too many clients for a moment.
pub(super) struct Single {
    target: Target,
    latest: Mutex<Attempt>,
}

/// At a connection, whatever has become of it. A number is given once.
#[derive(Clone, Default)]
struct Attempt {
    number: u64,
    connecting: Option<Connecting>,
}

impl Single {
    pub(super) fn new(target: Target) -> Arc<Self> {
        Arc::new(Self {
            target,
            latest: Mutex::default(),
        })
    }

    /// Waits for the connection that is being made, if there is none.
    pub(super) async fn connection(self: &Arc<Self>) -> Result<MultiplexedConnection, Error> {
        Ok(self.numbered_connection().await?.1)
    }

    pub(super) async fn call(self: &Arc<Self>, call: &Call<'_>) -> Result<Value, Error> {
        let (number, connection) = self.numbered_connection().await?;
        let called = call.on(&mut Connection::Single(connection)).await;
        if let Err(error) = &called
            && error.is_unrecoverable_error()
        {
            self.give_up(number);
        }
        Ok(called?)
    }

    /// Lets calls that come make a new connection; those under way keep theirs.
    pub(super) fn distrust(&self) {
        let distrusted = self.lock().connecting.take();
        drop(distrusted);
    }

    async fn numbered_connection(self: &Arc<Self>) -> Result<(u64, MultiplexedConnection), Error> {
        let (number, connecting) = self.attempt();
        let connected = connecting.await;
        if connected.is_err() {
            self.give_up(number);
        }
        let connected =
            connected.map_err(|error| Error::from(error).without(self.target.password()))?;
        Ok((number, connected))
    }

    fn attempt(self: &Arc<Self>) -> (u64, Connecting) {
        let mut latest = self.lock();
        if let Some(connecting) = &latest.connecting {
            return (latest.number, connecting.clone());
        }
        let number = latest.number + 1;
        let connecting = self.begin(number);
        *latest = Attempt {
            number,
            connecting: Some(connecting.clone()),
        };
        (number, connecting)
    }

    fn begin(self: &Arc<Self>, number: u64) -> Connecting {
        let owner = Arc::downgrade(self);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.target.timeout))
            // Each call has its own.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE)
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection
                    && let Some(owner) = owner.upgrade()
                {
                    owner.give_up(number);
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

    fn give_up(&self, number: u64) {
        let mut latest = self.lock();
        let lost = (latest.number == number)
            .then(|| latest.connecting.take())
            .flatten();
        drop(latest);
        // Not while it is locked: it may be the last one that holds the connection.
        drop(lost);
    }

    fn lock(&self) -> MutexGuard<'_, Attempt> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
