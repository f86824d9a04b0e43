use std::collections::BTreeMap;

use super::QueueRecord;

/// The place of a record in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordSource {
    /// The partition.
    pub partition: u32,
    /// The log position: from 1, and higher for each later record of the partition.
    pub log_position: u64,
}

/// A record that a consumer received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredRecord {
    /// The place of the record.
    pub source: RecordSource,
    /// The record.
    pub record: QueueRecord,
}

/// Records that a consumer received together. Those of one partition are in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueBatch {
    /// The records.
    pub records: Vec<DeliveredRecord>,
}

impl QueueBatch {
    /// Returns the highest log position of the batch in each of its partitions.
    #[must_use]
    pub fn ends(&self) -> BTreeMap<u32, u64> {
        let mut ends = BTreeMap::new();
        for DeliveredRecord { source, .. } in &self.records {
            let end = ends.entry(source.partition).or_default();
            *end = source.log_position.max(*end);
        }
        ends
    }
}
