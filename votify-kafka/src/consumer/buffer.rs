use std::collections::{HashSet, VecDeque};

use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use votify_core::backend::LogRecord;
use votify_core::queue::{DeliveredRecord, RecordSource};

use super::blocked::Blocked;
use super::context::GroupContext;
use crate::partitioner::partition_of;

/// The maximum length of the key and the value of an unreadable record that are stored with
/// its reason. The client sends at most 1 MB, with the headers, and would reject a larger
/// dead letter each time.
const MAX_STORED_KEY: usize = 64 * 1024;
const MAX_STORED_VALUE: usize = 512 * 1024;

/// A record whose value is not a record of Votify.
#[derive(Debug, Clone)]
pub(super) struct UnreadableRecord {
    pub(super) source: RecordSource,
    /// The key. Cut if it is longer than 64 KiB.
    pub(super) key: Vec<u8>,
    /// The value. Cut if it is longer than 512 KiB.
    pub(super) value: Vec<u8>,
    pub(super) reason: String,
}

#[derive(Debug)]
enum Content {
    Record(Box<DeliveredRecord>),
    Unreadable(Box<UnreadableRecord>),
    /// An unreadable record that is stored with its reason.
    SetAside,
}

#[derive(Debug)]
struct Entry {
    assignment: u64,
    source: RecordSource,
    content: Content,
}

/// What to do with the next record of a partition.
#[derive(Debug)]
pub(super) enum Next {
    Deliver(Box<DeliveredRecord>),
    SetAside,
}

/// The records that the client has received and that were not delivered yet.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    entries: VecDeque<Entry>,
}

impl Buffer {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the number of records, without those of blocked partitions.
    pub(super) fn len_without(&self, blocked: &Blocked) -> usize {
        let is_counted = |entry: &&Entry| !blocked.contains(entry.source.partition);
        self.entries.iter().filter(is_counted).count()
    }

    /// Returns the partitions with an unreadable record that is not set aside.
    pub(super) fn blocked(&self) -> Blocked {
        let is_unreadable = |entry: &&Entry| matches!(entry.content, Content::Unreadable(_));
        let unreadable = self.entries.iter().filter(is_unreadable);
        Blocked(
            unreadable
                .map(|entry| (entry.source.partition, entry.assignment))
                .collect(),
        )
    }

    /// Adds a message, unless its partition was lost.
    ///
    /// A record in the wrong partition is unreadable. The log positions of that partition
    /// are not those of the poll, and one that is higher would void the later votes of the
    /// poll.
    pub(super) fn push(
        &mut self,
        message: &BorrowedMessage<'_>,
        context: &GroupContext,
        partitions: u16,
    ) {
        let partition = u32::try_from(message.partition());
        let offset = u64::try_from(message.offset());
        let (Ok(partition), Ok(offset)) = (partition, offset) else {
            return;
        };
        let Some(assignment) = context.assignment(partition) else {
            return;
        };
        let source = RecordSource {
            partition,
            // Offsets begin at 0, log positions at 1.
            log_position: offset.saturating_add(1),
        };
        let value = message.payload().unwrap_or_default();
        let content = match read_record(value, partition, partitions) {
            Ok(record) => Content::Record(Box::new(record.deliver(source))),
            Err(reason) => Content::Unreadable(Box::new(UnreadableRecord {
                source,
                key: cut(message.key().unwrap_or_default(), MAX_STORED_KEY),
                value: cut(value, MAX_STORED_VALUE),
                reason,
            })),
        };
        self.entries.push_back(Entry {
            assignment,
            source,
            content,
        });
    }

    /// Drops the records of partitions that were lost. Another consumer receives them.
    pub(super) fn drop_lost(&mut self, context: &GroupContext) {
        self.entries
            .retain(|entry| context.assignment(entry.source.partition) == Some(entry.assignment));
    }

    pub(super) fn unreadable(&self) -> Vec<UnreadableRecord> {
        let unreadable = self
            .entries
            .iter()
            .filter_map(|entry| match &entry.content {
                Content::Unreadable(record) => Some((**record).clone()),
                _ => None,
            });
        unreadable.collect()
    }

    /// Marks an unreadable record as stored with its reason.
    pub(super) fn mark_set_aside(&mut self, source: RecordSource) {
        for entry in &mut self.entries {
            if entry.source == source {
                entry.content = Content::SetAside;
            }
        }
    }

    /// Removes up to `max` records and passes them on, with the numbers of their
    /// assignments. A partition ends before a record that is unreadable and not set aside.
    pub(super) fn take(&mut self, max: usize, mut next: impl FnMut(u64, RecordSource, Next)) {
        let mut blocked: HashSet<u32> = HashSet::new();
        let mut rest = VecDeque::new();
        let mut delivered = 0;
        while let Some(entry) = self.entries.pop_front() {
            if delivered == max {
                rest.push_back(entry);
                break;
            }
            let Entry {
                assignment, source, ..
            } = entry;
            match entry.content {
                _ if blocked.contains(&source.partition) => rest.push_back(entry),
                Content::Unreadable(_) => {
                    blocked.insert(source.partition);
                    rest.push_back(entry);
                }
                Content::SetAside => next(assignment, source, Next::SetAside),
                Content::Record(record) => {
                    delivered += 1;
                    next(assignment, source, Next::Deliver(record));
                }
            }
        }
        rest.append(&mut self.entries);
        self.entries = rest;
    }
}

fn cut(bytes: &[u8], max: usize) -> Vec<u8> {
    bytes[..bytes.len().min(max)].to_vec()
}

/// Reads a record, or returns why it cannot be counted.
fn read_record(value: &[u8], partition: u32, partitions: u16) -> Result<LogRecord, String> {
    let record = LogRecord::decode(value).map_err(|error| error.to_string())?;
    if u32::from(partition_of(record.poll(), partitions)) != partition {
        return Err("the poll of the record belongs to another partition".to_owned());
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use votify_core::PollId;
    use votify_core::poll::SealCause;
    use votify_core::queue::CloseMarker;
    use votify_core::time::Timestamp;

    use super::*;

    #[test]
    fn records_in_the_wrong_partition_are_unreadable() {
        let poll = PollId::from_bytes([7; 16]);
        let record = LogRecord::Close(CloseMarker {
            poll,
            cause: SealCause::Owner,
            closes_at: None,
            at: Timestamp::from_micros(1).unwrap(),
        });
        let value = record.encode().unwrap();
        let own = u32::from(partition_of(poll, 12));
        for partition in 0..12 {
            let read = read_record(&value, partition, 12);
            if partition == own {
                assert!(read.is_ok());
            } else {
                let reason = read.unwrap_err();
                assert!(reason.contains("another partition"), "{reason}");
            }
        }
        assert!(read_record(b"no record", own, 12).is_err());
    }
}
