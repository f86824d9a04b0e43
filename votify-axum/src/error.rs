//! Error responses: one shape for all of them (RFC 9457), and the mapping of errors to
//! them.

mod advice;
mod body;
mod code;
mod denied;
mod engine;
mod identity;
mod problem;
mod rate_limit;
mod responses;

pub(crate) use body::{FieldErrorBody, ProblemBody};
pub(crate) use code::ErrorCode;
#[cfg(feature = "accounts")]
pub(crate) use engine::{error_chain, log_unavailable};
pub(crate) use engine::{invalid_choice, retry_later};
pub use problem::Problem;
pub(crate) use rate_limit::RateLimitHeaders;
pub(crate) use responses::{ErrorResponses, error_responses};
