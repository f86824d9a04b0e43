use std::collections::BTreeMap;

use votify_core::backend::LogRecord;
use votify_core::queue::DeliveredRecord;

use super::RedisQueueConsumer;
use super::reading::ReadPart;
use crate::queue::entry::{Unreadable, shortened};
use crate::queue::error::Error;
use crate::queue::scripts::SET_ASIDE;

/// The maximum number of records that are set aside in each partition.
const MAX_DEAD: &str = "10000";

impl RedisQueueConsumer {
    /// Stores unreadable entries aside, before any entry is recorded as read.
    pub(super) async fn set_unreadable_aside(&self, parts: &[ReadPart]) -> Result<(), Error> {
        for part in parts {
            let unreadable: Vec<_> = part
                .entries
                .iter()
                .filter_map(|entry| Some((entry.id, entry.content.as_ref().err()?)))
                .collect();
            if unreadable.is_empty() {
                continue;
            }
            for (id, Unreadable { reason, .. }) in &unreadable {
                tracing::error!(
                    partition = part.partition,
                    %id,
                    reason,
                    "an entry of the queue is not a vote; it is set aside"
                );
            }
            let entries = unreadable.iter().map(|(id, unreadable)| {
                let Unreadable { value, reason } = unreadable;
                (id.to_string(), reason.as_str(), value.as_slice())
            });
            self.store_aside(part.partition, entries).await?;
        }
        Ok(())
    }

    pub(super) async fn set_records_aside(
        &self,
        records: &[DeliveredRecord],
        reason: &str,
    ) -> Result<(), Error> {
        let mut partitions: BTreeMap<u32, Vec<(String, Vec<u8>)>> = BTreeMap::new();
        for DeliveredRecord { source, record } in records {
            let value = LogRecord::from(record.clone()).encode()?;
            let entry = (source.log_position.to_string(), value);
            partitions.entry(source.partition).or_default().push(entry);
        }
        for (partition, entries) in &partitions {
            let entries = entries
                .iter()
                .map(|(id, value)| (id.clone(), reason, value.as_slice()));
            self.store_aside(*partition, entries).await?;
        }
        Ok(())
    }

    async fn store_aside<'a>(
        &self,
        partition: u32,
        entries: impl Iterator<Item = (String, &'a str, &'a [u8])>,
    ) -> Result<(), Error> {
        let entries: Vec<_> = entries.collect();
        let mut arguments: Vec<&[u8]> = vec![MAX_DEAD.as_bytes()];
        for (id, reason, value) in &entries {
            arguments.extend([id.as_bytes(), shortened(reason).as_bytes(), *value]);
        }
        let key = self.queue.keys.dead(partition);
        self.queue.call(&SET_ASIDE, &[key], &arguments).await?;
        Ok(())
    }
}
