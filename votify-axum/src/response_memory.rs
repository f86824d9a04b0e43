//! The memory of responses that clients have not read yet.
//!
//! hyper takes a whole response from its handler, and holds it until the client has read
//! it. So a client that reads nothing makes the server hold memory, once per connection.

mod body;
mod permit;
mod usage;

pub(crate) use body::{ChargedBytes, FramesBody, Uncounted};
pub(crate) use permit::{Exceeded, Reservation, ResponseMemory};

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::http::header::VARY;
use axum::response::{IntoResponse, Response};
use votify_core::limit::LimitKey;

use crate::error::{ErrorCode, Problem, retry_later};
use crate::rate_limit::address_key;
use crate::state::AppState;

/// Maximum size of a response that is not counted, in bytes: about what a connection
/// holds without a response. Answers to votes are smaller, also in a poll with 100
/// options.
pub(crate) const MAX_UNCOUNTED: usize = 8 * 1024;

/// Minimum of both limits. Every response is smaller: the largest are lists, answers with
/// 10 000 invite codes and sheets of 500 of them.
pub(crate) const MIN_LIMIT: usize = 2 << 20;

/// The scope of the keys of addresses.
const SCOPE: &str = "response-memory";

/// Marks the response to a request that changed nothing, although its method may: a page
/// that shows a form again. Such a response can be rejected.
#[derive(Debug, Clone)]
pub(crate) struct NothingChanged;

impl AppState {
    /// Counts a response that was rendered for one request until its bytes are dropped.
    /// Leaves small and [`Uncounted`] responses, and streams, as they are.
    ///
    /// A response with a [`Reservation`] takes its place. Otherwise, if a limit is
    /// exceeded, a response that `may_reject` becomes a problem, and so do a client error
    /// and one with [`NothingChanged`], since their requests have changed nothing. Others
    /// are counted nevertheless.
    pub(crate) fn count_response(
        &self,
        mut response: Response,
        address: Option<IpAddr>,
        may_reject: bool,
    ) -> Response {
        let reserved = response.extensions_mut().remove::<Reservation>();
        let size = response.body().size_hint().exact();
        let size = size.and_then(|size| usize::try_from(size).ok());
        let Some(size) = size.filter(|size| *size > MAX_UNCOUNTED) else {
            return response;
        };
        if response.extensions().get::<Uncounted>().is_some() {
            return response;
        }
        let permit = if let Some(permit) = reserved.and_then(|it| it.into_permit(size)) {
            permit
        } else {
            let address = self.memory_key(address);
            let may_reject = may_reject
                || response.status().is_client_error()
                || response.extensions().get::<NothingChanged>().is_some();
            if may_reject {
                match self.response_memory.acquire(address, size) {
                    Ok(permit) => permit,
                    Err(exceeded) => return rejection(&response, exceeded),
                }
            } else {
                self.response_memory.acquire_beyond_limits(address, size)
            }
        };
        response.map(|body| Body::new(body::ChargedBody::new(body, permit)))
    }

    /// Counts bytes that requests share: once in all, and once per address.
    ///
    /// # Errors
    /// - `rate_limited`: the limit of the address is exceeded; retry after `retry_after`.
    /// - `overloaded`: the limit of all addresses is exceeded; retry after `retry_after`.
    pub(crate) fn count_shared(
        &self,
        bytes: bytes::Bytes,
        address: Option<IpAddr>,
    ) -> Result<bytes::Bytes, Problem> {
        if bytes.len() <= MAX_UNCOUNTED {
            return Ok(bytes);
        }
        let address = self.memory_key(address);
        let permit = self.response_memory.acquire_shared(address, &bytes)?;
        Ok(ChargedBytes::wrap(bytes, Arc::new(permit)))
    }

    /// Reserves memory for the response to a request that changes something, before the
    /// change: a response that was refused after it would be lost. The response takes the
    /// reservation as an extension. `size` above [`MIN_LIMIT`] counts as that, and nothing
    /// is reserved for a response that is not counted.
    ///
    /// # Errors
    /// - `rate_limited`: the limit of the address is exceeded; retry after `retry_after`.
    /// - `overloaded`: the limit of all addresses is exceeded; retry after `retry_after`.
    pub(crate) fn reserve_response(
        &self,
        size: usize,
        address: Option<IpAddr>,
    ) -> Result<Reservation, Problem> {
        if size <= MAX_UNCOUNTED {
            return Ok(Reservation::NONE);
        }
        let address = self.memory_key(address);
        let permit = self.response_memory.acquire(address, size.min(MIN_LIMIT))?;
        Ok(Reservation::new(permit))
    }

    /// Returns the keyed id of a block of addresses, so that no raw address is stored.
    /// All callers without a known address share one.
    fn memory_key(&self, address: Option<IpAddr>) -> LimitKey {
        let key = address_key(self.engine.keyring(), SCOPE, address);
        key.unwrap_or(LimitKey::from_bytes([0; 16]))
    }
}

impl From<Exceeded> for Problem {
    fn from(exceeded: Exceeded) -> Self {
        match exceeded {
            Exceeded::Address => retry_later(ErrorCode::RateLimited).with_detail(
                "too many bytes of responses to this network address were not received yet: read \
                 or cancel them first",
            ),
            Exceeded::Total => retry_later(ErrorCode::Overloaded)
                .with_detail("too many bytes of responses were not received yet by clients"),
        }
    }
}

/// Returns the problem in place of `response`. It keeps the headers by which a browser
/// lets a page of an allowed origin read it.
fn rejection(response: &Response, exceeded: Exceeded) -> Response {
    let mut rejection = Problem::from(exceeded).into_response();
    for (name, value) in response.headers() {
        if *name == VARY || name.as_str().starts_with("access-control-") {
            rejection.headers_mut().append(name.clone(), value.clone());
        }
    }
    rejection
}
