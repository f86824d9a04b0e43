//! Building blocks for implementers of [`Store`](crate::Store),
//! [`Broadcaster`](crate::Broadcaster), [`RateLimiter`](crate::RateLimiter) and
//! [`BallotQueue`](crate::queue::BallotQueue).
//! Applications that only use a backend do not need this module.
//!
//! | need | type |
//! | --- | --- |
//! | Decide a batch under a poll's lock | [`group_by_poll`], [`BatchEvaluator`], [`WriteSet`], [`AddressUsage`] |
//! | Encode choices without a `Poll` | [`ChoiceCodec`] |
//! | Search titles the same way as every other store | [`title_words`], [`search_words`], [`matches_words`] |
//! | Order polls by recent votes | [`TrendingScore`] |
//! | Deliver updates to the subscribers of one process | [`Fanout`] |
//! | Share one load among concurrent callers | [`SingleFlight`] |
//! | Encode the records of a queue | [`LogRecord`] |
//! | Count attempts under a rate | [`SlidingWindow`] |

mod address_usage;
mod batch_evaluator;
mod fanout;
mod log_record;
mod log_throttle;
mod poll_batch;
mod search;
mod single_flight;
mod sliding_window;
mod trending;

pub use crate::ballot::encoded_choice::ChoiceCodec;
pub use address_usage::{AddressUsage, AddressUsageChanges};
pub use batch_evaluator::{BatchEvaluator, WriteSet};
pub use fanout::Fanout;
pub use log_record::{DecodeRecordError, EncodeRecordError, LogRecord};
#[doc(hidden)]
pub use log_throttle::LogThrottle;
pub use poll_batch::{PollBatch, group_by_poll};
pub use search::{SEARCH_WORD_MAX, matches_words, search_words, title_words};
pub use single_flight::SingleFlight;
pub use sliding_window::SlidingWindow;
pub use trending::TrendingScore;
