use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

use crate::serve::connection_state::{ConnectionState, StreamGuard};
use std::sync::Arc;

/// A response body. One of unknown length marks its connection as streaming until it
/// ends.
#[derive(Debug)]
pub(super) struct TrackedBody {
    body: Body,
    _stream: Option<StreamGuard>,
}

/// Wraps a response so that its connection counts as busy while the body is sent.
pub(super) fn track_response(
    response: Response,
    state: &Arc<ConnectionState>,
) -> hyper::Response<TrackedBody> {
    response.map(|body| {
        let is_whole = body.size_hint().exact().is_some();
        TrackedBody {
            body,
            _stream: (!is_whole).then(|| state.begin_stream()),
        }
    })
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
