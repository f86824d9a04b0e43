//! The queue of ballots: the traits of its two sides, and their records.
//!
//! With a queue, [`PollEngine::cast`](crate::PollEngine::cast) returns once a log has the
//! ballot, and an [`Aggregator`](crate::engine::Aggregator) counts it afterwards. So a peak
//! that the store cannot take is accepted now and counted in a moment.
//!
//! [`BallotQueue`] is the side of producers, [`QueueConsumer`] that of aggregators.
//! [`MemoryQueue`](crate::MemoryQueue) implements both and is the reference. The feature
//! `conformance` adds the laws as tests: `votify_core::queue_conformance!`.

mod batch;
mod consumer;
mod error;
mod producer;
mod record;

pub use batch::{DeliveredRecord, QueueBatch, RecordSource};
pub use consumer::{IDLE_TIMEOUT, QueueConsumer};
pub use error::QueueError;
pub use producer::BallotQueue;
pub use record::{BallotRecord, CloseMarker, QueueRecord};
