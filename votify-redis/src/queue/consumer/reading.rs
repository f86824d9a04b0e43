use futures_util::future::join_all;
use redis::Value;
use votify_core::queue::DeliveredRecord;

use super::owned_partition::OwnedPartition;
use super::{RedisQueueConsumer, parse_unless_empty};
use crate::queue::entry::{Entry, EntryId, PartitionOf, parse_entries};
use crate::queue::error::Error;
use crate::queue::scripts::READ;

/// What one call read from one partition.
pub(super) struct ReadPart {
    pub(super) partition: u32,
    pub(super) lag: u64,
    pub(super) entries: Vec<Entry>,
}

impl RedisQueueConsumer {
    /// Reads up to `max` entries, from all partitions or from those that have most.
    ///
    /// Changes nothing but the list of owned partitions, so that a dropped call skips no
    /// record.
    pub(super) async fn read(&mut self, max: usize) -> Result<Vec<ReadPart>, Error> {
        let mut parts: Vec<ReadPart> = Vec::new();
        let mut cursors: Vec<(u32, EntryId)> = self.cursors();
        let mut rest = max;
        while rest > 0 && !cursors.is_empty() {
            let share = rest.div_ceil(cursors.len());
            let reads = cursors
                .iter()
                .map(|(partition, cursor)| self.read_partition(*partition, *cursor, share));
            let replies = join_all(reads).await;
            let mut more = Vec::new();
            for ((partition, _), reply) in cursors.into_iter().zip(replies) {
                let Some(mut part) = reply? else {
                    self.lose(partition);
                    continue;
                };
                // The shares are rounded up.
                part.entries.truncate(rest);
                rest -= part.entries.len();
                match part.entries.last() {
                    Some(last) if part.entries.len() == share => more.push((partition, last.id)),
                    _ => {}
                }
                parts.push(part);
            }
            cursors = more;
        }
        Ok(parts)
    }

    /// Returns the owned partitions, another one first each time.
    fn cursors(&mut self) -> Vec<(u32, EntryId)> {
        let cursor = |(partition, owned): (&u32, &OwnedPartition)| (*partition, owned.cursor);
        let first = self.first;
        self.first = (first + 1) % self.queue.partitions;
        let from_first = self.owned.range(first..).map(cursor);
        from_first
            .chain(self.owned.range(..first).map(cursor))
            .collect()
    }

    /// Returns `None` if the partition has another owner.
    async fn read_partition(
        &self,
        partition: u32,
        cursor: EntryId,
        max: usize,
    ) -> Result<Option<ReadPart>, Error> {
        let keys = [
            self.queue.keys.state(partition),
            self.queue.keys.log(partition),
        ];
        let (after, max) = (cursor.to_string(), max.to_string());
        let [group, member, lease] = self.arguments();
        let arguments = [group, member, lease, after.as_bytes(), max.as_bytes()];
        let reply = self.queue.call(&READ, &keys, &arguments).await?;
        let found: Option<(u64, Vec<Value>)> = parse_unless_empty(reply, "entries")?;
        let Some((lag, entries)) = found else {
            return Ok(None);
        };
        let log = PartitionOf {
            partition,
            partitions: self.queue.partitions,
        };
        Ok(Some(ReadPart {
            partition,
            lag,
            entries: parse_entries(log, cursor, entries)?,
        }))
    }

    /// Records what was read, and returns the records.
    pub(super) fn record_read(&mut self, parts: Vec<ReadPart>) -> Vec<DeliveredRecord> {
        let mut records = Vec::new();
        for part in parts {
            let Some(owned) = self.owned.get_mut(&part.partition) else {
                continue;
            };
            owned.lag = part.lag;
            for entry in part.entries {
                owned.record_read(entry.id, entry.content.is_err());
                self.unreadable += u64::from(entry.content.is_err());
                records.extend(entry.content.ok());
            }
        }
        records
    }
}
