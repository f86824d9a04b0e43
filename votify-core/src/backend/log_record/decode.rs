use minicbor::Decoder;
use minicbor::data::Type;
use minicbor::decode::Error;

use super::{BALLOT, CLOSE, DEADLINE, LogRecord, OWNER, VERSION};
use crate::ballot::{Ballot, Choice};
use crate::id::{BallotId, OptionId, PollId};
use crate::poll::{OPTIONS_MAX, SealCause};
use crate::queue::{BallotRecord, CloseMarker};
use crate::time::Timestamp;
use crate::voter::{AddressId, VoterId};

/// The reason for which a value of a log is not a record. A queue sets the value aside
/// with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeRecordError {
    /// The value is longer than every record.
    #[error("the value has {0} bytes; a record has at most {max}", max = LogRecord::MAX_BYTES)]
    TooLong(usize),
    /// The value does not begin with an array and a version.
    #[error("not a record of votify")]
    Foreign,
    /// A later release wrote the record.
    #[error("version {0} of the record format is unknown; a newer release is required")]
    UnknownVersion(u64),
    /// The kind is neither a ballot nor a close marker.
    #[error("kind {0} of record is unknown")]
    UnknownKind(u64),
    /// The value ends before the record does.
    #[error("the record is truncated")]
    Truncated,
    /// The field with this name has another type, length or range.
    #[error("the field `{0}` is invalid")]
    InvalidField(&'static str),
    /// This number of bytes follows the record.
    #[error("{0} bytes follow the record")]
    TrailingBytes(usize),
}

impl LogRecord {
    /// Reads the value that a log stores. Never panics, and allocates at most 100 option
    /// ids.
    ///
    /// # Errors
    /// Each is a value that nobody can count; set it aside with the error as the reason.
    ///
    /// - [`DecodeRecordError::UnknownVersion`]: a later release wrote the record. Update
    ///   this one.
    /// - [`DecodeRecordError::Foreign`], [`UnknownKind`](DecodeRecordError::UnknownKind):
    ///   another program wrote into the log.
    /// - [`DecodeRecordError::TooLong`], [`Truncated`](DecodeRecordError::Truncated),
    ///   [`InvalidField`](DecodeRecordError::InvalidField),
    ///   [`TrailingBytes`](DecodeRecordError::TrailingBytes): the value is damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeRecordError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(DecodeRecordError::TooLong(bytes.len()));
        }
        let mut reader = Reader(Decoder::new(bytes));
        let foreign = |error| match error {
            DecodeRecordError::InvalidField(_) => DecodeRecordError::Foreign,
            error => error,
        };
        let elements = reader.array("record").map_err(foreign)?;
        let version = reader.number("version").map_err(foreign)?;
        if version != VERSION {
            return Err(DecodeRecordError::UnknownVersion(version));
        }
        let record = match (reader.number("kind")?, elements) {
            (BALLOT, 8) => Self::Ballot(reader.ballot()?),
            (CLOSE, 6) => Self::Close(reader.close()?),
            (BALLOT | CLOSE, _) => return Err(DecodeRecordError::InvalidField("record")),
            (kind, _) => return Err(DecodeRecordError::UnknownKind(kind)),
        };
        match bytes.len().saturating_sub(reader.0.position()) {
            0 => Ok(record),
            trailing => Err(DecodeRecordError::TrailingBytes(trailing)),
        }
    }
}

/// Reads fields, and names those that are invalid.
struct Reader<'a>(Decoder<'a>);

impl Reader<'_> {
    fn ballot(&mut self) -> Result<BallotRecord, DecodeRecordError> {
        let poll = PollId::from_bytes(self.id("poll")?);
        let id = BallotId::from_bytes(self.id("ballot")?);
        let voter = VoterId::from_bytes(self.id("voter")?)
            .map_err(|_| DecodeRecordError::InvalidField("voter"))?;
        let accepted_at = self.time("accepted_at")?;
        let choice = self.choice()?;
        let address = match self.is_null("address")? {
            true => None,
            false => Some(AddressId::from_bytes(self.id("address")?)),
        };
        Ok(BallotRecord {
            ballot: Ballot {
                id,
                poll,
                voter,
                choice,
                address,
                accepted: None,
            },
            accepted_at,
        })
    }

    fn close(&mut self) -> Result<CloseMarker, DecodeRecordError> {
        let poll = PollId::from_bytes(self.id("poll")?);
        let cause = match self.number("cause")? {
            DEADLINE => SealCause::Deadline,
            OWNER => SealCause::Owner,
            _ => return Err(DecodeRecordError::InvalidField("cause")),
        };
        let at = self.time("at")?;
        let closes_at = match self.is_null("closes_at")? {
            true => None,
            false => Some(self.time("closes_at")?),
        };
        Ok(CloseMarker {
            poll,
            cause,
            closes_at,
            at,
        })
    }

    fn choice(&mut self) -> Result<Choice, DecodeRecordError> {
        const FIELD: &str = "choice";
        if self.is_null(FIELD)? {
            return Ok(Choice::withdraw());
        }
        if self.datatype(FIELD)? == Type::Bytes {
            return Ok(Choice::one(OptionId::from_bytes(self.id(FIELD)?)));
        }
        let options = usize::try_from(self.array(FIELD)?).unwrap_or(usize::MAX);
        if options > OPTIONS_MAX {
            return Err(DecodeRecordError::InvalidField(FIELD));
        }
        let options: Result<Vec<_>, _> = (0..options)
            .map(|_| self.id(FIELD).map(OptionId::from_bytes))
            .collect();
        options.map(Choice::several)
    }

    /// Returns the length of an array, which must be stated.
    fn array(&mut self, field: &'static str) -> Result<u64, DecodeRecordError> {
        let length = self.0.array().map_err(|error| cause(&error, field))?;
        length.ok_or(DecodeRecordError::InvalidField(field))
    }

    fn number(&mut self, field: &'static str) -> Result<u64, DecodeRecordError> {
        self.0.u64().map_err(|error| cause(&error, field))
    }

    fn time(&mut self, field: &'static str) -> Result<Timestamp, DecodeRecordError> {
        let micros = i64::try_from(self.number(field)?).ok();
        micros
            .and_then(|micros| Timestamp::from_micros(micros).ok())
            .ok_or(DecodeRecordError::InvalidField(field))
    }

    fn id(&mut self, field: &'static str) -> Result<[u8; 16], DecodeRecordError> {
        let bytes = self.0.bytes().map_err(|error| cause(&error, field))?;
        <[u8; 16]>::try_from(bytes).map_err(|_| DecodeRecordError::InvalidField(field))
    }

    /// Returns true after reading a null, and reads nothing else.
    fn is_null(&mut self, field: &'static str) -> Result<bool, DecodeRecordError> {
        if self.datatype(field)? != Type::Null {
            return Ok(false);
        }
        self.0.null().map_err(|error| cause(&error, field))?;
        Ok(true)
    }

    fn datatype(&self, field: &'static str) -> Result<Type, DecodeRecordError> {
        self.0.datatype().map_err(|error| cause(&error, field))
    }
}

fn cause(error: &Error, field: &'static str) -> DecodeRecordError {
    if error.is_end_of_input() {
        DecodeRecordError::Truncated
    } else {
        DecodeRecordError::InvalidField(field)
    }
}
