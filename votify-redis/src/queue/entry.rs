use redis::{FromRedisValue, Value};
use votify_core::backend::LogRecord;
use votify_core::queue::{DeliveredRecord, RecordSource};

use super::error::Error;
use super::keys::partition_of;

/// The maximum length of a stored reason in bytes.
const MAX_REASON: usize = 500;
/// The maximum length of a stored value in bytes. Foreign values may be longer.
const MAX_VALUE: usize = 4_096;

/// The id of an entry of a stream: the log position, and the number of the record in its
/// partition. Entries of other programs have ids of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryId {
    pub(super) position: u64,
    pub(super) ordinal: u64,
}

impl EntryId {
    fn parse(text: &str) -> Option<Self> {
        let (position, ordinal) = text.split_once('-')?;
        Some(Self {
            position: position.parse().ok()?,
            ordinal: ordinal.parse().ok()?,
        })
    }
}

impl std::fmt::Display for EntryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.position, self.ordinal)
    }
}

/// An entry of a stream: a record, or the value and the reason for which it is none.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: EntryId,
    pub(super) content: Result<DeliveredRecord, Unreadable>,
}

/// An entry that is not a record.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) value: Vec<u8>,
    pub(super) reason: String,
}

/// A partition of a queue, and the number of partitions.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartitionOf {
    pub(super) partition: u32,
    pub(super) partitions: u32,
}

/// Reads the entries of an `XRANGE` reply, which are behind the entry `before`.
pub(super) fn parse_entries(
    log: PartitionOf,
    before: EntryId,
    reply: Vec<Value>,
) -> Result<Vec<Entry>, Error> {
    let mut before = before;
    let mut entries = Vec::with_capacity(reply.len());
    for entry in reply {
        let entry = parse_entry(log, before, entry)?;
        before = entry.id;
        entries.push(entry);
    }
    Ok(entries)
}

fn parse_entry(log: PartitionOf, before: EntryId, entry: Value) -> Result<Entry, Error> {
    let corrupt = || Error::Corrupt("an entry");
    let (id, fields) = <(String, Vec<Vec<u8>>)>::from_redis_value(entry).map_err(|_| corrupt())?;
    let id = EntryId::parse(&id).ok_or_else(corrupt)?;
    Ok(Entry {
        id,
        content: read_record(log, before, id, fields),
    })
}

fn read_record(
    log: PartitionOf,
    before: EntryId,
    id: EntryId,
    fields: Vec<Vec<u8>>,
) -> Result<DeliveredRecord, Unreadable> {
    let unreadable = |mut value: Vec<u8>, reason: String| {
        value.truncate(MAX_VALUE);
        Err(Unreadable { value, reason })
    };
    let value = match <[Vec<u8>; 2]>::try_from(fields) {
        Ok([name, value]) if name == b"v" => value,
        Ok(fields) => return unreadable(fields.concat(), NO_VALUE.to_owned()),
        Err(fields) => return unreadable(fields.concat(), NO_VALUE.to_owned()),
    };
    if i64::try_from(id.position).is_err() {
        return unreadable(value, "the log position is above 2^63 - 1".to_owned());
    }
    if id.position <= before.position {
        // Another program wrote it: Redis continues the last id. Its poll would skip it.
        return unreadable(value, SAME_POSITION.to_owned());
    }
    match LogRecord::decode(&value) {
        // The log positions of this partition are not those of the poll. One that is higher
        // would void the later votes of the poll.
        Ok(record) if partition_of(record.poll(), log.partitions) != log.partition => {
            unreadable(value, WRONG_PARTITION.to_owned())
        }
        Ok(record) => Ok(record.deliver(RecordSource {
            partition: log.partition,
            log_position: id.position,
        })),
        Err(error) => unreadable(value, error.to_string()),
    }
}

const SAME_POSITION: &str = "the log position is that of the entry before";
const WRONG_PARTITION: &str = "the poll of the record belongs to another partition";
const NO_VALUE: &str = "the entry has other fields than `v`";

/// Returns a reason of at most 500 bytes.
pub(super) fn shortened(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(MAX_REASON)]
}

#[cfg(test)]
mod tests {
    use votify_core::PollId;
    use votify_core::poll::SealCause;
    use votify_core::queue::CloseMarker;
    use votify_core::time::Timestamp;

    use super::*;

    const LOG: PartitionOf = PartitionOf {
        partition: 3,
        partitions: 8,
    };

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn marker_entry(id: &str, poll: PollId) -> Value {
        let marker = LogRecord::Close(CloseMarker {
            poll,
            cause: SealCause::Owner,
            closes_at: None,
            at: Timestamp::from_micros(1).unwrap(),
        });
        let fields = vec![bulk("v"), Value::BulkString(marker.encode().unwrap())];
        Value::Array(vec![bulk(id), Value::Array(fields)])
    }

    #[test]
    fn records_in_the_wrong_partition_are_unreadable() {
        let polls = (0..=255).map(|n| PollId::from_bytes([n; 16]));
        let (own, others): (Vec<_>, Vec<_>) =
            polls.partition(|poll| partition_of(*poll, LOG.partitions) == LOG.partition);
        let start = EntryId {
            position: 0,
            ordinal: 0,
        };
        let entries = vec![
            marker_entry("1-1", own[0]),
            marker_entry("2-2", others[0]),
            marker_entry("3-3", own[1]),
        ];
        let entries = parse_entries(LOG, start, entries).unwrap();
        assert!(entries[0].content.is_ok());
        let unreadable = entries[1].content.as_ref().unwrap_err();
        assert_eq!(unreadable.reason, WRONG_PARTITION);
        assert_eq!(
            LogRecord::decode(&unreadable.value).unwrap().poll(),
            others[0]
        );
        assert!(entries[2].content.is_ok());
    }

    fn entry(id: &str, fields: &[&str]) -> Value {
        let fields = fields.iter().map(|field| bulk(field)).collect();
        Value::Array(vec![bulk(id), Value::Array(fields)])
    }

    #[test]
    fn foreign_entries_are_unreadable() {
        let entries = vec![
            entry("5-1", &["v", "vote"]),
            entry("5-2", &["a", "1", "b", "2"]),
            entry("5-3", &["v", "vote"]),
            entry("6-0", &["a", &"x".repeat(10_000)]),
            entry("18446744073709551615-7", &["v", "vote"]),
        ];
        let start = EntryId {
            position: 4,
            ordinal: 9,
        };
        let entries = parse_entries(LOG, start, entries).unwrap();
        let ids: Vec<_> = entries.iter().map(|entry| entry.id.to_string()).collect();
        assert_eq!(ids, ["5-1", "5-2", "5-3", "6-0", "18446744073709551615-7"]);
        let reasons = entries.iter().map(|entry| {
            let unreadable = entry.content.as_ref().unwrap_err();
            assert!(unreadable.value.len() <= MAX_VALUE);
            unreadable.reason.as_str()
        });
        assert_eq!(
            reasons.collect::<Vec<_>>(),
            [
                "not a record of votify",
                NO_VALUE,
                SAME_POSITION,
                NO_VALUE,
                "the log position is above 2^63 - 1"
            ]
        );
    }

    #[test]
    fn replies_of_another_kind_are_errors() {
        let start = EntryId {
            position: 0,
            ordinal: 0,
        };
        assert!(parse_entries(LOG, start, vec![entry("5", &[])]).is_err());
        assert!(parse_entries(LOG, start, vec![Value::Int(7)]).is_err());
    }

    #[test]
    fn long_reasons_are_cut_at_a_character() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"ä".repeat(400)).len(), 500);
    }
}
