use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::futures::OwnedNotified;
use votify_core::engine::live::FrameKind;

use crate::polls::mark_private;
use crate::stream::bell::Bell;
use crate::stream::pulse::Listener;
use crate::stream::{Viewer, message};

const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// Frames on their way into the body of an answer. The answer's own back-pressure is the pace; what comes meanwhile is
/// merged by the watch.
struct Events {
    viewer: Box<Viewer>,
    queue: VecDeque<Bytes>,
    comments: Listener,
    beat: Pin<Box<OwnedNotified>>,
    bell: Bell,
    ended: bool,
}

pub(super) fn respond(viewer: Viewer) -> Response {
    let comments = viewer.shared.comments.listen();
    let events = Events {
        viewer: Box::new(viewer),
        queue: VecDeque::from([retry("")]),
        beat: Box::pin(comments.beat()),
        comments,
        bell: Bell::new(),
        ended: false,
    };
    let body = unfold(events, |mut events| async move {
        let next = events.next().await?;
        Some((Ok::<_, Infallible>(next), events))
    });
    let mut response = Response::new(Body::from_stream(body));
    mark_private(&mut response);
    let headers = response.headers_mut();
    let set = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(waiting) = self.queue.pop_front() {
            return Some(waiting);
        }
        if self.ended {
            return None;
        }
        let Self {
            viewer, beat, bell, ..
        } = self;
        let frame = tokio::select! {
            biased;
            frame = viewer.watch.next() => frame,
            () = poll_fn(|context| bell.poll_future(context, beat.as_mut())) => {
                beat.set(self.comments.beat());
                return Some(COMMENT);
            }
        };
        let Some(frame) = frame else {
            self.ended = true;
            return (!viewer.deleted).then(|| retry(": the server is shutting down\n"));
        };
        viewer.deleted |= frame.kind == FrameKind::Deleted;
        if self.viewer.wants_votes {
            let votes = message::votes(&frame).map(|vote| message::vote_event(&frame, &vote));
            self.queue.extend(votes);
        }
        Some(message::event(&frame))
    }
}

/// How long a browser waits before it reconnects, and `more`: another time for each, so that they do not all come at once.
fn retry(more: &str) -> Bytes {
    let wait = fastrand::u64(1_000..=4_000);
    format!("retry: {wait}\n{more}\n").into()
}
