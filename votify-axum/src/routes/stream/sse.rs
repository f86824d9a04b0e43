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

use super::message;
use super::viewer::Viewer;
use super::wake_flag::WakeFlag;
use crate::keep_alive::KeepAliveListener;
use crate::routes::response::mark_private;

const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// The body of an event stream. The client's back-pressure sets its pace; the watch
/// merges the frames in between.
struct EventStreamBody {
    viewer: Box<Viewer>,
    queue: VecDeque<Bytes>,
    comments: KeepAliveListener,
    tick: Pin<Box<OwnedNotified>>,
    tick_flag: WakeFlag,
    ended: bool,
}

pub(super) fn respond(viewer: Viewer) -> Response {
    let (caller, state) = (viewer.caller.clone(), viewer.state.clone());
    let comments = viewer.state.comments.listen();
    let body = EventStreamBody {
        viewer: Box::new(viewer),
        queue: VecDeque::from([retry_event("")]),
        tick: Box::pin(comments.tick()),
        comments,
        tick_flag: WakeFlag::new(),
        ended: false,
    };
    let chunks = unfold(body, |mut body| async move {
        let next = body.next().await?;
        Some((Ok::<_, Infallible>(next), body))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    mark_private(&mut response);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // nginx would buffer the stream otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    caller.set_session_cookie(&mut response, &state);
    response
}

impl EventStreamBody {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(queued) = self.queue.pop_front() {
            return Some(queued);
        }
        if self.ended {
            return None;
        }
        let Self {
            viewer,
            tick,
            tick_flag,
            ..
        } = self;
        let frame = tokio::select! {
            biased;
            frame = viewer.watch.next() => frame,
            () = poll_fn(|context| tick_flag.poll_future(context, tick.as_mut())) => {
                tick.set(self.comments.tick());
                return Some(COMMENT);
            }
        };
        let Some(frame) = frame else {
            self.ended = true;
            return (!viewer.deleted).then(|| retry_event(": the server is shutting down\n"));
        };
        viewer.deleted |= frame.kind == FrameKind::Deleted;
        let event = message::frame_event(&frame);
        let address = viewer.caller.address_block();
        let Ok(event) = viewer.state.count_shared(event, address) else {
            self.ended = true;
            return Some(retry_event(": too many bytes were not received yet\n"));
        };
        if self.viewer.wants_votes {
            let votes =
                message::vote_messages(&frame).map(|vote| message::vote_event(&frame, &vote));
            self.queue.extend(votes);
        }
        Some(event)
    }
}

/// Returns the time that a browser waits before it reconnects, followed by `lines`. The
/// time is random, so that not all browsers reconnect at once.
fn retry_event(lines: &str) -> Bytes {
    let wait = fastrand::u64(1_000..=4_000);
    format!("retry: {wait}\n{lines}\n").into()
}
