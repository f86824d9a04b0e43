mod decode;
mod encode;
#[cfg(test)]
mod tests;

use crate::ballot::{Accepted, Ballot};
use crate::id::PollId;
use crate::queue::{BallotRecord, CloseMarker, DeliveredRecord, QueueRecord, RecordSource};
pub use decode::DecodeRecordError;
pub use encode::EncodeRecordError;

/// The version of the format, the only one so far.
const VERSION: u64 = 1;
/// The first number after the version: what the record is.
const BALLOT: u64 = 0;
const CLOSE: u64 = 1;
/// The codes of a [`SealCause`](crate::poll::SealCause).
const DEADLINE: u64 = 0;
const OWNER: u64 = 1;

/// A record as a log stores it, before it has a log position.
///
/// [`encode`](Self::encode) returns the value that the queues on servers store: a CBOR
/// array (RFC 8949) that begins with the version of the format. The section "Record
/// format" of `docs/kafka.md` documents it.
///
/// ```
/// use votify_core::backend::LogRecord;
/// use votify_core::poll::SealCause;
/// use votify_core::queue::CloseMarker;
/// use votify_core::{PollId, Timestamp};
///
/// let record = LogRecord::Close(CloseMarker {
///     poll: PollId::generate(Timestamp::EPOCH),
///     cause: SealCause::Owner,
///     closes_at: None,
///     at: Timestamp::EPOCH,
/// });
/// let bytes = record.encode()?;
/// assert_eq!(LogRecord::decode(&bytes)?, record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogRecord {
    /// A ballot.
    Ballot(BallotRecord),
    /// The close of a poll.
    Close(CloseMarker),
}

impl LogRecord {
    /// The maximum length of an encoded record in bytes. The largest ballot, with 100
    /// options, has 1 782.
    pub const MAX_BYTES: usize = 2_048;

    /// Returns the poll, whose records keep their order.
    #[must_use]
    pub const fn poll(&self) -> PollId {
        match self {
            Self::Ballot(record) => record.ballot.poll,
            Self::Close(marker) => marker.poll,
        }
    }

    /// Returns the record as it is delivered from this place of the log.
    #[must_use]
    pub fn deliver(self, source: RecordSource) -> DeliveredRecord {
        let record = match self {
            Self::Ballot(record) => QueueRecord::Ballot(Ballot {
                accepted: Some(Accepted {
                    at: record.accepted_at,
                    log_position: source.log_position,
                }),
                ..record.ballot
            }),
            Self::Close(marker) => QueueRecord::Close(marker),
        };
        DeliveredRecord { source, record }
    }
}

impl From<QueueRecord> for LogRecord {
    /// Returns the record without its log position.
    fn from(record: QueueRecord) -> Self {
        match record {
            QueueRecord::Ballot(ballot) => Self::Ballot(BallotRecord {
                accepted_at: ballot.cast_at(crate::Timestamp::EPOCH),
                ballot: Ballot {
                    accepted: None,
                    ..ballot
                },
            }),
            QueueRecord::Close(marker) => Self::Close(marker),
        }
    }
}
