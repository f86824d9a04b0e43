//! Reads and discards the rest of a request's body that its handler did not read.
//!
//! A server that closes a connection with unread bytes makes its kernel send a reset. A
//! client that is still sending then fails, and may lose the answer that it has already
//! received (RFC 9112, 9.6).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{Version, header};
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Maximum number of bytes that are discarded of one body.
const MAX_BYTES: usize = 128 * 1024 * 1024;
/// Maximum time for the rest of a body to arrive.
const MAX_TIME: Duration = Duration::from_secs(5);
/// Maximum time between two pieces of it.
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// Maximum number of bodies that are discarded at the same time. Further ones are dropped
/// at once, which resets their connections.
const MAX_BODIES: usize = 64;

/// Limits how many bodies are discarded at the same time.
#[derive(Debug, Clone)]
pub(crate) struct UnreadBodies(Arc<Semaphore>);

impl Default for UnreadBodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_BODIES)))
    }
}

impl UnreadBodies {
    /// Wraps the body of a request, so that the rest is discarded once its handler drops
    /// it. Returns `None` if there is nothing to discard: the body is empty, or the
    /// protocol is not HTTP/1.
    ///
    /// A client that waits for `100 Continue` sends no body unless the handler reads it.
    pub(crate) fn watch(&self, request: &mut Request) -> Option<BodyStatus> {
        if request.body().is_end_stream() || request.version() > Version::HTTP_11 {
            return None;
        }
        let status = BodyStatus::default();
        let is_sent = !request.headers().contains_key(header::EXPECT);
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(WatchedBody {
            body,
            is_sent,
            status: status.clone(),
            slots: Arc::clone(&self.0),
        });
        Some(status)
    }
}

/// The state of a request's body, shared with the body.
#[derive(Debug, Clone, Default)]
pub(crate) struct BodyStatus(Arc<AtomicBool>);

impl BodyStatus {
    /// Returns true if the handler dropped the body before its end had arrived. The
    /// connection cannot serve another request then.
    pub(crate) fn is_unread(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The body of a request. Its rest is discarded when it is dropped.
#[derive(Debug)]
struct WatchedBody {
    /// Empty after the end or an error.
    body: Body,
    /// False while the client may be waiting for `100 Continue`.
    is_sent: bool,
    status: BodyStatus,
    slots: Arc<Semaphore>,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_sent = true;
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.body = Body::empty();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        let mut body = std::mem::take(&mut self.body);
        if body.is_end_stream() {
            return;
        }
        if !self.is_sent {
            self.status.0.store(true, Ordering::Relaxed);
            return;
        }
        // Usually the whole of a small body has arrived. Each piece is at most a read
        // buffer, and hyper refills it only after this poll.
        while let Some(arrived) = body.frame().now_or_never() {
            if !matches!(arrived, Some(Ok(_))) || body.is_end_stream() {
                return;
            }
        }
        self.status.0.store(true, Ordering::Relaxed);
        let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let _ = timeout(MAX_TIME, discard(body)).await;
                drop(permit);
            });
        }
    }
}

async fn discard(mut body: Body) {
    let mut left = MAX_BYTES;
    while let Ok(Some(Ok(frame))) = timeout(MAX_PAUSE, body.frame()).await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
