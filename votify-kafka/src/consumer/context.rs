use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;

use crate::client_context::Context;

/// Receives the events of a consumer: its partitions, and the ends of their logs.
#[derive(Debug, Clone)]
pub(crate) struct GroupContext {
    topic: Arc<str>,
    pub(crate) client: Context,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the assignment with which each partition was received. A partition
    /// that comes back has a new number.
    assigned: HashMap<u32, u64>,
    assignments: u64,
    ends: HashMap<u32, LogEnds>,
}

/// The log positions of a partition as the client last knew them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogEnds {
    /// The last record.
    pub(crate) last: u64,
    /// The last record that the group has committed, or that was deleted.
    pub(crate) committed: u64,
}

impl GroupContext {
    pub(crate) fn new(topic: &str) -> Self {
        Self {
            topic: topic.into(),
            client: Context::default(),
            state: Arc::default(),
        }
    }

    /// Returns the number of the assignment, or `None` if another consumer has the
    /// partition.
    pub(crate) fn assignment(&self, partition: u32) -> Option<u64> {
        self.lock().assigned.get(&partition).copied()
    }

    /// Returns the consumer's partitions with the ends of their logs.
    pub(crate) fn log_ends(&self) -> Vec<(u32, LogEnds)> {
        let state = self.lock();
        let ends = |partition: &u32| state.ends.get(partition).copied().unwrap_or_default();
        let partitions = state.assigned.keys();
        partitions
            .map(|partition| (*partition, ends(partition)))
            .collect()
    }

    /// Records the offset of the next record of a partition.
    pub(super) fn record_end(&self, partition: u32, offset: i64) {
        let mut state = self.lock();
        if state.assigned.contains_key(&partition) {
            let ends = state.ends.entry(partition).or_default();
            ends.last = ends.last.max(position(offset));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConsumerContext for GroupContext {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let mut state = self.lock();
        match rebalance {
            Rebalance::Assign(partitions) => {
                state.assignments += 1;
                let number = state.assignments;
                for element in partitions.elements_for_topic(&self.topic) {
                    if let Ok(partition) = u32::try_from(element.partition()) {
                        state.assigned.insert(partition, number);
                    }
                }
            }
            Rebalance::Revoke(partitions) => {
                for element in partitions.elements_for_topic(&self.topic) {
                    if let Ok(partition) = u32::try_from(element.partition()) {
                        state.assigned.remove(&partition);
                        state.ends.remove(&partition);
                    }
                }
            }
            Rebalance::Error(error) => tracing::warn!(%error, "a Kafka rebalance failed"),
        }
        tracing::debug!(
            partitions = state.assigned.len(),
            "Kafka partitions were assigned"
        );
    }

    /// The client remembers a pause beyond the loss of a partition, so it would fetch
    /// nothing from one that comes back.
    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(partitions) = rebalance
            && partitions.count() > 0
            && let Err(error) = consumer.resume(partitions)
        {
            tracing::warn!(%error, "failed to resume Kafka partitions");
        }
    }
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.client.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.client.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        let Some(topic) = statistics.topics.get(&*self.topic) else {
            return;
        };
        let mut state = self.lock();
        for (partition, known) in &topic.partitions {
            let Ok(partition) = u32::try_from(*partition) else {
                continue;
            };
            if state.assigned.contains_key(&partition) {
                let ends = state.ends.entry(partition).or_default();
                // While the client fetches nothing, it knows an older end.
                ends.last = ends.last.max(position(known.hi_offset));
                ends.committed = position(known.committed_offset.max(known.lo_offset));
            }
        }
    }
}

/// Returns the log position of the record before an offset: positions begin at 1. Unknown
/// offsets are negative.
fn position(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or(0)
}
