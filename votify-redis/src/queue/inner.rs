use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use redis::{FromRedisValue, Value};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use votify_core::store::Durability;

use super::config::RedisQueueConfig;
use super::error::Error;
use super::keys::Keys;
use super::scripts::{CREATE, ENQUEUE, LENGTH, TIME};
use super::server_clock::ServerClock;
use crate::connect::Redis;
use crate::durability;
use crate::script::Script;

/// The queue that all its handles share.
pub(super) struct Inner {
    pub(super) redis: Redis,
    pub(super) keys: Keys,
    pub(super) config: RedisQueueConfig,
    pub(super) partitions: u32,
    pub(super) durability: Durability,
    /// The clock of each partition's server.
    pub(super) clocks: Vec<ServerClock>,
    /// The tasks that give the partitions of dropped consumers up.
    pub(super) releases: TaskTracker,
}

impl Inner {
    pub(super) async fn open(redis: Redis, config: RedisQueueConfig) -> Result<Self, Error> {
        let config = config.check()?;
        let durability = durability::read(&redis).await?;
        if !durability.is_durable() {
            tracing::warn!(%durability, "the queue in Redis may lose acknowledged votes");
        }
        let keys = Keys::new(redis.clone(), &config.name);
        let wanted = config
            .partitions
            .unwrap_or(RedisQueueConfig::DEFAULT_PARTITIONS);
        let created = CREATE
            .call(&redis, &[keys.queue()], &[wanted.to_string().as_bytes()])
            .await?;
        let found: u32 = parse(created, "the number of partitions")?;
        if config.partitions.is_some_and(|wanted| wanted != found) {
            return Err(Error::OtherPartitions { found, wanted });
        }
        if !(1..=RedisQueueConfig::MAX_PARTITIONS).contains(&found) {
            return Err(Error::Corrupt("the number of partitions"));
        }
        Ok(Self {
            redis,
            keys,
            config,
            partitions: found,
            durability,
            releases: TaskTracker::new(),
            clocks: (0..found).map(|_| ServerClock::default()).collect(),
        })
    }

    pub(super) fn delivery_timeout(&self) -> Duration {
        self.redis.timeout()
    }

    /// Appends records, those of one partition together, and returns a result for each.
    pub(super) async fn append(
        &self,
        records: Vec<(u32, Result<Vec<u8>, Error>)>,
    ) -> Vec<Result<(), Error>> {
        let deadline = Instant::now() + self.delivery_timeout();
        let mut results: Vec<Result<(), Error>> = Vec::with_capacity(records.len());
        let mut parts: BTreeMap<u32, (Vec<usize>, Vec<Vec<u8>>)> = BTreeMap::new();
        for (index, (partition, value)) in records.into_iter().enumerate() {
            results.push(value.map(|value| {
                let part = parts.entry(partition).or_default();
                part.0.push(index);
                part.1.push(value);
            }));
        }
        let appends = parts
            .into_iter()
            .map(|(partition, (indexes, values))| async move {
                let append = self.append_to(partition, &values, deadline);
                let timed_out = || Err(Error::Late(self.delivery_timeout()));
                let appended = timeout_at(deadline, append).await;
                (indexes, appended.unwrap_or_else(|_| timed_out()))
            });
        for (indexes, appended) in join_all(appends).await {
            for (nth, index) in indexes.into_iter().enumerate() {
                if let Some(result) = results.get_mut(index) {
                    *result = match &appended {
                        Ok(accepted) if nth < *accepted => Ok(()),
                        Ok(_) => Err(Error::Full),
                        Err(error) => Err(error.clone()),
                    };
                }
            }
        }
        results
    }

    /// Appends records to a partition, and returns how many of them had room.
    async fn append_to(
        &self,
        partition: u32,
        values: &[Vec<u8>],
        deadline: Instant,
    ) -> Result<usize, Error> {
        let keys = [self.keys.state(partition), self.keys.log(partition)];
        let deadline = self.server_time(partition, deadline).await?.to_string();
        let partitions = self.partitions.to_string();
        let max_records = self.config.max_records.to_string();
        let mut arguments: Vec<&[u8]> = vec![
            partitions.as_bytes(),
            deadline.as_bytes(),
            max_records.as_bytes(),
        ];
        arguments.extend(values.iter().map(Vec::as_slice));
        let reply = self.call(&ENQUEUE, &keys, &arguments).await?;
        let (now, accepted): (i64, i64) = parse(reply, "a reply")?;
        if let Some(clock) = self.clock(partition) {
            clock.record(now);
        }
        usize::try_from(accepted).map_err(|_| Error::Late(self.delivery_timeout()))
    }

    /// Returns the time of the partition's server at `deadline`, or somewhat earlier.
    async fn server_time(&self, partition: u32, deadline: Instant) -> Result<i64, Error> {
        let clock = self.clock(partition);
        if let Some(time) = clock.and_then(|clock| clock.at(deadline)) {
            return Ok(time);
        }
        let reply = self.call(&TIME, &[self.keys.state(partition)], &[]).await?;
        let now = parse(reply, "the time")?;
        let read = clock.and_then(|clock| {
            clock.record(now);
            clock.at(deadline)
        });
        read.ok_or(Error::Late(self.delivery_timeout()))
    }

    fn clock(&self, partition: u32) -> Option<&ServerClock> {
        self.clocks.get(usize::try_from(partition).ok()?)
    }

    /// Calls a script whose keys are in one partition.
    pub(super) async fn call(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[&[u8]],
    ) -> Result<Value, Error> {
        Ok(script.call(&self.redis, keys, arguments).await?)
    }

    pub(super) async fn check_room(&self) -> Result<(), Error> {
        let lengths = (0..self.partitions).map(|partition| async move {
            let length = self.call(&LENGTH, &[self.keys.log(partition)], &[]).await?;
            parse::<u64>(length, "the length of a log")
        });
        for length in join_all(lengths).await {
            if length? >= u64::from(self.config.max_records) {
                return Err(Error::Full);
            }
        }
        Ok(())
    }
}

/// Parses a reply. `what` names it in the error.
pub(super) fn parse<T: FromRedisValue>(value: Value, what: &'static str) -> Result<T, Error> {
    T::from_redis_value(value).map_err(|_| Error::Corrupt(what))
}
