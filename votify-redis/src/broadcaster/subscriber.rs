use std::sync::Arc;
use std::time::Duration;

use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use votify_core::PollId;

use super::subscriptions::Topics;
use super::wire;
use crate::connect::{Connection, Redis};
use crate::error::Error;

/// How often a connection has to show that it is still one.
const BEAT: Duration = Duration::from_secs(2);

/// The connection that listens; on a cluster, those to all of its nodes. It is never mended, only replaced, so that no loss
/// goes unnoticed.
pub(super) struct Ear {
    redis: Redis,
    connection: Connection,
    lost: Arc<Notify>,
}

impl Ear {
    /// `number` tells this one from all others that told the same topics what they heard.
    pub(super) async fn open(
        redis: &Redis,
        topics: &Arc<Topics>,
        number: u64,
    ) -> Result<Self, Error> {
        let lost = Arc::new(Notify::new());
        let hearing = Hearing {
            topics: Arc::clone(topics),
            number,
            lost: Arc::clone(&lost),
        };
        let hear = move |push: PushInfo| {
            hearing.hear(push);
            Ok::<_, ()>(())
        };
        let connection = redis.connection_with_pushes(hear).await?;
        topics.listen_by(number);
        Ok(Self {
            redis: redis.clone(),
            connection,
            lost,
        })
    }

    /// Returns once the server has confirmed it.
    pub(super) async fn subscribe(&self, poll: PollId) -> Result<(), Error> {
        let channel = wire::channel(&self.redis, poll);
        let mut connection = self.connection.clone();
        self.in_time(connection.subscribe(&channel)).await
    }

    /// Returns once the server has confirmed it.
    pub(super) async fn unsubscribe(&self, poll: PollId) -> Result<(), Error> {
        let channel = wire::channel(&self.redis, poll);
        let mut connection = self.connection.clone();
        self.in_time(connection.unsubscribe(&channel)).await
    }

    /// Returns when the connection is lost. Cancelling it loses nothing.
    pub(super) async fn loss(&self) -> &'static str {
        tokio::select! {
            () = self.lost.notified() => "the connection was closed",
            () = self.silence() => "no answer in time",
        }
    }

    /// Returns when one that answered before answers no more. A node of a cluster that never answered is no reason to
    /// interrupt what the others say.
    async fn silence(&self) {
        let mut answered = false;
        loop {
            sleep(BEAT).await;
            let mut connection = self.connection.clone();
            match self.in_time(connection.ping()).await {
                Ok(()) => answered = true,
                Err(_) if answered || !self.redis.is_cluster() => return,
                Err(_) => {}
            }
        }
    }

    async fn in_time(
        &self,
        asked: impl Future<Output = redis::RedisResult<()>> + Send,
    ) -> Result<(), Error> {
        let within = self.redis.timeout();
        match timeout(within, asked).await {
            Ok(answered) => Ok(answered?),
            Err(_) => Err(Error::Silent(within)),
        }
    }
}

/// Takes what one connection says, in the order in which it says it.
struct Hearing {
    topics: Arc<Topics>,
    number: u64,
    lost: Arc<Notify>,
}

impl Hearing {
    /// Must not block: the connection waits for it.
    fn hear(&self, push: PushInfo) {
        if push.kind == PushKind::Disconnection {
            return self.lost.notify_one();
        }
        let mut data = push.data.into_iter();
        let Some(poll) = data.next().and_then(|channel| poll_of(&channel)) else {
            return;
        };
        match (push.kind, data.next()) {
            (PushKind::Message | PushKind::SMessage, Some(Value::BulkString(payload))) => {
                self.topics.heard(self.number, poll, &payload);
            }
            (PushKind::Subscribe | PushKind::SSubscribe, _) => {
                self.topics.confirmed(self.number, poll);
            }
            // Nobody asked for it: the poll's slot has moved to another node of the cluster.
            (PushKind::Unsubscribe | PushKind::SUnsubscribe, _)
                if !self.topics.has_left(self.number, poll) =>
            {
                self.lost.notify_one();
            }
            _ => {}
        }
    }
}

fn poll_of(channel: &Value) -> Option<PollId> {
    match channel {
        Value::BulkString(channel) => wire::poll_of(channel),
        Value::SimpleString(channel) => wire::poll_of(channel.as_bytes()),
        _ => None,
    }
}
