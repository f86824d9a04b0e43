use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use votify_core::engine::live::FrameKind;

use super::message;
use super::ticker::Ticker;
use super::viewer::Viewer;
use super::wake_flag::WakeFlag;
use crate::routes::response::mark_private;

const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// The body of an event stream. The client's back-pressure sets its pace; the watch
/// merges the frames in between.
struct EventStreamBody {
    viewer: Box<Viewer>,
    queue: VecDeque<Bytes>,
    comments: Ticker,
    wake_flag: WakeFlag,
    ended: bool,
}

pub(super) fn respond(viewer: Viewer) -> Response {
    let (caller, state) = (viewer.caller.clone(), viewer.state.clone());
    let comments = Ticker::listen(&viewer.state.comments);
    let body = EventStreamBody {
        viewer: Box::new(viewer),
        queue: VecDeque::from([retry_event("")]),
        comments,
        wake_flag: WakeFlag::new(),
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
            comments,
            wake_flag,
            ..
        } = self;
        let Viewer {
            watch, heartbeat, ..
        } = &mut **viewer;
        let frame = tokio::select! {
            biased;
            frame = watch.next() => frame,
            event = poll_fn(|context| {
                wake_flag.poll(context, |context| poll_timers(comments, heartbeat, context))
            }) => return Some(event),
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

/// Returns the comment or the heartbeat that is due.
fn poll_timers(
    comments: &mut Ticker,
    heartbeat: &mut Ticker,
    context: &mut Context<'_>,
) -> Poll<Bytes> {
    if comments.poll(context).is_ready() {
        return Poll::Ready(COMMENT);
    }
    heartbeat.poll(context).map(|()| message::heartbeat_event())
}

/// Returns the time that a browser waits before it reconnects, followed by `lines`. The
/// time is random, so that not all browsers reconnect at once.
fn retry_event(lines: &str) -> Bytes {
    let wait = fastrand::u64(1_000..=4_000);
    format!("retry: {wait}\n{lines}\n").into()
}
