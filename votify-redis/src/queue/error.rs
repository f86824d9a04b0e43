use std::time::Duration;

use votify_core::backend::EncodeRecordError;
use votify_core::queue::QueueError;

use crate::error::{self, NAME};

/// An error of the queue, converted into a [`QueueError`] by its public methods.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Redis(#[from] error::Error),
    #[error("the partition has its maximum number of records")]
    Full,
    /// The record reached the server after the delivery timeout, or the server did not
    /// respond within it. In the second case the record may be stored.
    #[error("the server did not confirm the record within {0:?}")]
    Late(Duration),
    #[error(transparent)]
    Encode(#[from] EncodeRecordError),
    #[error("invalid name: expected 1 to 64 letters, digits, '-', '_' or '.'")]
    InvalidName,
    #[error("invalid number of partitions {0}: expected 1 to 1024")]
    InvalidPartitions(u32),
    #[error(
        "the queue has {found} partitions, not {wanted}; the number of partitions never changes"
    )]
    OtherPartitions { found: u32, wanted: u32 },
    #[error("cannot decode {0} of the queue")]
    Corrupt(&'static str),
}

impl Error {
    pub(super) fn into_queue_error(self) -> QueueError {
        match self {
            Self::Full => QueueError::Full { backend: NAME },
            Self::Redis(error) if error.is_out_of_memory() => QueueError::Full { backend: NAME },
            Self::Redis(error) if error.is_transient() => QueueError::unavailable(NAME, error),
            Self::Late(_) => QueueError::unavailable(NAME, self),
            _ => QueueError::failed(NAME, self),
        }
    }
}
