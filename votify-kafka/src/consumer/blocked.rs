use std::collections::BTreeSet;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;

use super::{Driver, KafkaConsumer};
use crate::error::Error;

/// Partitions that wait until an unreadable record is set aside, with the numbers of their
/// assignments.
#[derive(Debug, Default)]
pub(super) struct Blocked(pub(super) BTreeSet<(u32, u64)>);

impl Blocked {
    pub(super) fn contains(&self, partition: u32) -> bool {
        self.0.iter().any(|(blocked, _)| *blocked == partition)
    }
}

impl KafkaConsumer {
    /// Pauses the partitions that wait for a dead letter, and resumes those that no longer
    /// do. So their records do not fill the buffer, which all partitions share.
    ///
    /// # Errors
    /// - [`Error::Unavailable`]: the client cannot pause or resume.
    pub(super) fn pause_blocked(&mut self, driver: &Driver) -> Result<(), Error> {
        let blocked = self.buffer.blocked();
        let topic = self.settings.topic();
        if let Some(free) = list(topic, self.blocked.0.difference(&blocked.0)) {
            driver.resume(&free).map_err(|error| self.error(&error))?;
        }
        if let Some(added) = list(topic, blocked.0.difference(&self.blocked.0)) {
            driver.pause(&added).map_err(|error| self.error(&error))?;
        }
        self.blocked = blocked;
        Ok(())
    }
}

fn list<'a>(
    topic: &str,
    partitions: impl Iterator<Item = &'a (u32, u64)>,
) -> Option<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (partition, _) in partitions {
        if let Ok(partition) = i32::try_from(*partition) {
            list.add_partition(topic, partition);
        }
    }
    (list.count() > 0).then_some(list)
}
