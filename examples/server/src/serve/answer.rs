use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

use crate::serve::line::{Line, Streaming};
use std::sync::Arc;

/// The body of an answer, which keeps its connection from being idle if it has no known end.
#[derive(Debug)]
pub(super) struct AnswerBody {
    body: Body,
    _streaming: Option<Streaming>,
}

/// The same answer, noted on its connection's line.
pub(super) fn noted(response: Response, line: &Arc<Line>) -> hyper::Response<AnswerBody> {
    response.map(|body| {
        let is_whole = body.size_hint().exact().is_some();
        AnswerBody {
            body,
            _streaming: (!is_whole).then(|| line.begin_stream()),
        }
    })
}

impl HttpBody for AnswerBody {
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
