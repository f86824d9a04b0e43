use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use votify_core::engine::live::FrameKind;

use crate::polls::mark_private;
use crate::stream::{Viewer, message};

const COMMENT: Bytes = Bytes::from_static(b":\n\n");
const GOODBYE: Bytes = Bytes::from_static(b": the server is shutting down\n\n");

/// Frames on their way into the body of an answer. The answer's own back-pressure is the pace; what comes meanwhile is
/// merged by the watch.
struct Events {
    viewer: Viewer,
    queue: VecDeque<Bytes>,
    comments: Interval,
    ended: bool,
}

pub(super) fn respond(viewer: Viewer) -> Response {
    let every = viewer.shared.config.timing.comment;
    let mut comments = interval_at(Instant::now() + every, every);
    comments.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = Events {
        viewer,
        queue: VecDeque::from([retry()]),
        comments,
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
        let frame = tokio::select! {
            frame = self.viewer.watch.next() => frame,
            _ = self.comments.tick() => return Some(COMMENT),
        };
        let Some(frame) = frame else {
            self.ended = true;
            return (!self.viewer.deleted).then_some(GOODBYE);
        };
        self.viewer.deleted |= frame.kind == FrameKind::Deleted;
        self.comments.reset();
        if self.viewer.wants_votes {
            let votes = message::votes(&frame).map(|vote| message::vote_event(&frame, &vote));
            self.queue.extend(votes);
        }
        Some(message::event(&frame))
    }
}

/// How long a browser waits before it reconnects: another time for each, so that they do not all come at once.
fn retry() -> Bytes {
    let wait = Duration::from_millis(fastrand::u64(1_000..=4_000));
    format!("retry: {}\n\n", wait.as_millis()).into()
}
