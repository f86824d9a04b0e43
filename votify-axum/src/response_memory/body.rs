use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::permit::MemoryPermit;

/// Marks a response whose body is counted already, is part of the program, or serves
/// monitoring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Uncounted;

/// Bytes with the permit for them. hyper holds the bytes of a response until they are
/// sent, longer than its body. So the permit belongs to the bytes.
#[derive(Debug)]
pub(crate) struct ChargedBytes {
    // Dropped before the bytes: the permit identifies shared bytes by their place in
    // memory.
    _permit: Arc<MemoryPermit>,
    bytes: Bytes,
}

impl ChargedBytes {
    pub(super) fn wrap(bytes: Bytes, permit: Arc<MemoryPermit>) -> Bytes {
        Bytes::from_owner(Self {
            _permit: permit,
            bytes,
        })
    }
}

impl AsRef<[u8]> for ChargedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body whose frames hold a permit.
#[derive(Debug)]
pub(super) struct ChargedBody {
    body: Body,
    permit: Arc<MemoryPermit>,
}

impl ChargedBody {
    pub(super) fn new(body: Body, permit: MemoryPermit) -> Self {
        Self {
            body,
            permit: Arc::new(permit),
        }
    }
}

impl HttpBody for ChargedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        frame.map_ok(|frame| {
            frame.map_data(|bytes| {
                // A serializer's buffer is up to twice as large as what it wrote.
                let exact = Bytes::copy_from_slice(&bytes);
                ChargedBytes::wrap(exact, Arc::clone(&self.permit))
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body of several frames, so that a large shared frame is not copied.
#[derive(Debug)]
pub(crate) struct FramesBody(VecDeque<Bytes>);

impl FramesBody {
    pub(crate) fn new(frames: impl IntoIterator<Item = Bytes>) -> Self {
        Self(frames.into_iter().collect())
    }
}

impl HttpBody for FramesBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.0.pop_front();
        Poll::Ready(frame.map(|frame| Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let size: usize = self.0.iter().map(Bytes::len).sum();
        u64::try_from(size).map_or_else(|_| SizeHint::new(), SizeHint::with_exact)
    }
}
