//! Clients that end their side of the connection after a request, and wait for the
//! answer.
//!
//! hyper treats the end of the input as a client that has left, and drops the request.
//! With its option `half_close`, it would never notice that a viewer has left. So the end
//! is hidden from hyper from the end of a request until its answer was written, unless the
//! answer is a stream.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// There is no request, or the answer was written or is a stream. The end is visible.
const ANSWERED: u8 = 0;
/// The body of the request is being read. The end is hidden until the handler waits for a
/// part of the body that has not arrived: hyper looks for the end before the handler
/// runs.
const READING: u8 = 1;
/// The request has been read, and its answer is not written yet. The end is hidden.
const PENDING: u8 = 2;

/// The state of the current request of a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct HalfClose(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: AtomicU8,
    /// True while the handler waits for a part of the body.
    is_body_awaited: AtomicBool,
    /// True once hyper has taken the whole answer, which it may not have written yet.
    is_answer_taken: AtomicBool,
}

impl HalfClose {
    pub(super) fn track_request<B: Body>(&self, request: Request<B>) -> Request<RequestBody<B>> {
        self.0.is_answer_taken.store(false, Ordering::Relaxed);
        self.0.is_body_awaited.store(false, Ordering::Relaxed);
        self.0.state.store(READING, Ordering::Relaxed);
        if request.body().is_end_stream() {
            self.advance(READING, PENDING);
        }
        request.map(|body| RequestBody {
            body,
            half_close: self.clone(),
        })
    }

    pub(super) fn track_response<B: Body>(
        &self,
        response: Response<B>,
    ) -> Response<ResponseBody<B>> {
        let is_whole = response.body().size_hint().exact().is_some();
        self.advance(READING, ANSWERED);
        if !is_whole {
            self.advance(PENDING, ANSWERED);
        }
        response.map(|body| ResponseBody {
            body,
            half_close: self.clone(),
        })
    }

    fn advance(&self, from: u8, to: u8) {
        let order = Ordering::Relaxed;
        let _ = self.0.state.compare_exchange(from, to, order, order);
    }

    fn hides_end(&self) -> bool {
        match self.0.state.load(Ordering::Relaxed) {
            PENDING => true,
            READING => !self.0.is_body_awaited.load(Ordering::Relaxed),
            _ => false,
        }
    }

    /// Records that everything that hyper has taken is written.
    fn record_flush(&self) {
        if self.0.is_answer_taken.load(Ordering::Relaxed) {
            self.advance(PENDING, ANSWERED);
        }
    }
}

/// The body of a request, which ends the request.
#[derive(Debug)]
pub(super) struct RequestBody<B> {
    body: B,
    half_close: HalfClose,
}

impl<B: Body<Data = Bytes> + Unpin> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let is_awaited = &self.half_close.0.is_body_awaited;
        let was_awaited = is_awaited.swap(polled.is_pending(), Ordering::Relaxed);
        if polled.is_pending() && !was_awaited {
            // Handlers run in the task of the connection, which reads again.
            cx.waker().wake_by_ref();
        }
        let polled = ready!(polled);
        if polled.is_none() || self.body.is_end_stream() {
            self.half_close.advance(READING, PENDING);
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response, which hyper drops once it has taken all of it.
#[derive(Debug)]
pub(super) struct ResponseBody<B> {
    body: B,
    half_close: HalfClose,
}

impl<B: Body<Data = Bytes> + Unpin> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for ResponseBody<B> {
    fn drop(&mut self) {
        let inner = &self.half_close.0;
        inner.is_answer_taken.store(true, Ordering::Relaxed);
    }
}

/// A socket that hides the end of its input while a request waits for its answer.
#[derive(Debug)]
pub(super) struct HalfCloseSocket<S> {
    socket: S,
    half_close: HalfClose,
    /// True if a read found the end and hid it.
    is_end_hidden: bool,
}

impl<S> HalfCloseSocket<S> {
    pub(super) const fn new(socket: S, half_close: HalfClose) -> Self {
        Self {
            socket,
            half_close,
            is_end_hidden: false,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HalfCloseSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        let is_end = buf.filled().len() == before && buf.remaining() > 0;
        if is_end && self.half_close.hides_end() {
            // A flush wakes the task, and hyper reads again.
            self.is_end_hidden = true;
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HalfCloseSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    /// hyper calls this once it has written everything that it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        self.half_close.record_flush();
        if self.is_end_hidden && !self.half_close.hides_end() {
            self.is_end_hidden = false;
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
