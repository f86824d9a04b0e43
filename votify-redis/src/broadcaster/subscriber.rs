use std::sync::Arc;
use std::time::Duration;

use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use votify_core::PollId;

use super::subscriptions::Subscriptions;
use super::wire;
use crate::connect::{Connection, Redis};
use crate::error::Error;

/// Interval of pings on the subscriber connection. The documented detection time of a
/// dead connection follows from it.
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// The subscriber connection, one per node on a cluster.
///
/// A lost connection is replaced and never reused, so that no loss goes unnoticed.
pub(super) struct Subscriber {
    redis: Redis,
    connection: Connection,
    lost: Arc<Notify>,
}

impl Subscriber {
    /// Opens a connection. `connection_number` distinguishes it from earlier connections of the
    /// same `subscriptions`.
    pub(super) async fn open(
        redis: &Redis,
        subscriptions: &Arc<Subscriptions>,
        connection_number: u64,
    ) -> Result<Self, Error> {
        let lost = Arc::new(Notify::new());
        let handler = PushHandler {
            subscriptions: Arc::clone(subscriptions),
            connection_number,
            lost: Arc::clone(&lost),
        };
        let on_push = move |push: PushInfo| {
            handler.handle(push);
            Ok::<_, ()>(())
        };
        let connection = redis.connection_with_pushes(on_push).await?;
        subscriptions.set_connection(connection_number);
        Ok(Self {
            redis: redis.clone(),
            connection,
            lost,
        })
    }

    /// Subscribes to a poll's channel and waits for the confirmation.
    pub(super) async fn subscribe(&self, poll: PollId) -> Result<(), Error> {
        let channel = wire::channel(&self.redis, poll);
        let mut connection = self.connection.clone();
        self.with_timeout(connection.subscribe(&channel)).await
    }

    /// Unsubscribes from a poll's channel and waits for the confirmation.
    pub(super) async fn unsubscribe(&self, poll: PollId) -> Result<(), Error> {
        let channel = wire::channel(&self.redis, poll);
        let mut connection = self.connection.clone();
        self.with_timeout(connection.unsubscribe(&channel)).await
    }

    /// Waits until the connection is lost and returns the reason. Cancel safe.
    pub(super) async fn closed(&self) -> &'static str {
        tokio::select! {
            () = self.lost.notified() => "connection closed by the server",
            () = self.ping_timeout() => "ping timed out",
        }
    }

    /// Waits until a ping fails after an earlier one succeeded.
    ///
    /// On a cluster, a node that never responded does not count. Reconnecting because of
    /// it would interrupt the other nodes.
    async fn ping_timeout(&self) {
        let mut responded = false;
        loop {
            sleep(PING_INTERVAL).await;
            let mut connection = self.connection.clone();
            match self.with_timeout(connection.ping()).await {
                Ok(()) => responded = true,
                Err(_) if responded || !self.redis.is_cluster() => return,
                Err(_) => {}
            }
        }
    }

    async fn with_timeout(
        &self,
        request: impl Future<Output = redis::RedisResult<()>> + Send,
    ) -> Result<(), Error> {
        let limit = self.redis.timeout();
        match timeout(limit, request).await {
            Ok(reply) => Ok(reply?),
            Err(_) => Err(Error::Timeout(limit)),
        }
    }
}

/// Handles the push messages of one connection, in order.
struct PushHandler {
    subscriptions: Arc<Subscriptions>,
    connection_number: u64,
    lost: Arc<Notify>,
}

impl PushHandler {
    /// Must not block: the driver calls it on the connection's task.
    fn handle(&self, push: PushInfo) {
        if push.kind == PushKind::Disconnection {
            return self.lost.notify_one();
        }
        let mut data = push.data.into_iter();
        let Some(poll) = data.next().and_then(|channel| parse_channel(&channel)) else {
            return;
        };
        match (push.kind, data.next()) {
            (PushKind::Message | PushKind::SMessage, Some(Value::BulkString(payload))) => {
                self.subscriptions
                    .received(self.connection_number, poll, &payload);
            }
            (PushKind::Subscribe | PushKind::SSubscribe, _) => {
                self.subscriptions.confirmed(self.connection_number, poll);
            }
            // Nothing requested it: the poll's cluster slot has moved to another node.
            (PushKind::Unsubscribe | PushKind::SUnsubscribe, _)
                if !self
                    .subscriptions
                    .unsubscribe_was_expected(self.connection_number, poll) =>
            {
                self.lost.notify_one();
            }
            _ => {}
        }
    }
}

fn parse_channel(channel: &Value) -> Option<PollId> {
    match channel {
        Value::BulkString(channel) => wire::parse_channel(channel),
        Value::SimpleString(channel) => wire::parse_channel(channel.as_bytes()),
        _ => None,
    }
}
