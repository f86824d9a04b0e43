use std::convert::Infallible;

use minicbor::Encoder;
use minicbor::encode::Error;

use super::{BALLOT, CLOSE, DEADLINE, LogRecord, OWNER, VERSION};
use crate::ballot::Repr;
use crate::id::PollId;
use crate::poll::{OPTIONS_MAX, SealCause};
use crate::queue::{BallotRecord, CloseMarker};
use crate::time::Timestamp;

/// The record cannot be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeRecordError {
    /// The ballot has more options than any poll, so it can only be refused.
    #[error("the ballot has {0} options; a poll has at most {OPTIONS_MAX}")]
    TooManyOptions(usize),
    /// The encoder failed, which it never does in memory.
    #[error("the record cannot be encoded: {0}")]
    Encoder(String),
}

type Writer<'a> = Encoder<&'a mut Vec<u8>>;
type Written = Result<(), Error<Infallible>>;

impl LogRecord {
    /// Returns the value that a log stores, of at most [`MAX_BYTES`](Self::MAX_BYTES).
    ///
    /// # Errors
    /// - [`EncodeRecordError::TooManyOptions`]: the ballot has more than [`OPTIONS_MAX`]
    ///   options. The engine refuses it before it is queued.
    /// - [`EncodeRecordError::Encoder`]: never in practice.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeRecordError> {
        // Holds a ballot with one option.
        let mut bytes = Vec::with_capacity(96);
        let mut encoder = Encoder::new(&mut bytes);
        match self {
            Self::Ballot(record) => {
                let options = record.ballot.choice.options().len();
                if options > OPTIONS_MAX {
                    return Err(EncodeRecordError::TooManyOptions(options));
                }
                write_ballot(&mut encoder, record)
            }
            Self::Close(marker) => write_close(&mut encoder, marker),
        }
        .map_err(|error| EncodeRecordError::Encoder(error.to_string()))?;
        Ok(bytes)
    }
}

fn write_ballot(encoder: &mut Writer<'_>, record: &BallotRecord) -> Written {
    let ballot = &record.ballot;
    write_head(encoder, 8, BALLOT, ballot.poll)?;
    encoder
        .bytes(ballot.id.as_bytes())?
        .bytes(ballot.voter.as_bytes())?;
    write_time(encoder, record.accepted_at)?;
    match &ballot.choice.0 {
        Repr::Withdraw => encoder.null()?.ok()?,
        Repr::One(option) => encoder.bytes(option.as_bytes())?.ok()?,
        Repr::Several(options) => {
            encoder.array(length(options.len()))?;
            for option in options {
                encoder.bytes(option.as_bytes())?;
            }
        }
    }
    match ballot.address {
        Some(address) => encoder.bytes(address.as_bytes())?.ok(),
        None => encoder.null()?.ok(),
    }
}

fn write_close(encoder: &mut Writer<'_>, marker: &CloseMarker) -> Written {
    write_head(encoder, 6, CLOSE, marker.poll)?;
    encoder.u64(match marker.cause {
        SealCause::Deadline => DEADLINE,
        SealCause::Owner => OWNER,
    })?;
    write_time(encoder, marker.at)?;
    match marker.closes_at {
        Some(closes_at) => write_time(encoder, closes_at),
        None => encoder.null()?.ok(),
    }
}

fn write_head(encoder: &mut Writer<'_>, elements: u64, kind: u64, poll: PollId) -> Written {
    encoder
        .array(elements)?
        .u64(VERSION)?
        .u64(kind)?
        .bytes(poll.as_bytes())?
        .ok()
}

fn write_time(encoder: &mut Writer<'_>, time: Timestamp) -> Written {
    encoder.i64(time.as_micros())?.ok()
}

fn length(elements: usize) -> u64 {
    u64::try_from(elements).unwrap_or(u64::MAX)
}
