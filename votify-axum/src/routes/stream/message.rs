//! Renders frames as messages. All viewers of a frame share one rendering.

use bytes::Bytes;
use serde::Serialize;
use votify_core::engine::live::{Frame, FrameFormat, FrameKind};
use votify_core::{BallotKind, engine};

use crate::dto::poll::PollBody;
use crate::dto::result::Precision;
use crate::dto::stream::{
    Heartbeat, PollChanged, PollClosed, PollDeleted, PollUpdated, VoteSubmitted,
};
use crate::dto::totals::{Count, Totals};

/// A message of the server to a viewer.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum StreamMessage {
    PollUpdated(PollUpdated),
    PollClosed(PollClosed),
    PollChanged(PollChanged),
    PollDeleted(PollDeleted),
    VoteSubmitted(VoteSubmitted),
    Heartbeat(Heartbeat),
}

impl StreamMessage {
    fn new(frame: &Frame) -> Self {
        let poll_id = *frame.poll.id.as_uuid();
        match frame.kind {
            FrameKind::Updated => Self::PollUpdated(PollUpdated {
                poll_id,
                options: Count::all(&frame.view),
                totals: (&frame.view).into(),
                viewers: frame.viewers,
                precision: (frame.precision == engine::Precision::Provisional)
                    .then_some(Precision::Provisional),
                counting: frame.is_counting().then_some(true),
            }),
            FrameKind::Closed => Self::PollClosed(PollClosed {
                poll_id,
                options: Count::all(&frame.view),
                totals: (&frame.view).into(),
                is_final: frame.view.is_final(),
            }),
            FrameKind::Changed => Self::changed(frame),
            FrameKind::Deleted => Self::PollDeleted(PollDeleted { poll_id }),
        }
    }

    fn changed(frame: &Frame) -> Self {
        Self::PollChanged(PollChanged {
            poll_id: *frame.poll.id.as_uuid(),
            poll: Box::new(PollBody::public(&frame.poll, frame.status, &frame.view)),
        })
    }
}

/// Renders a frame as a WebSocket message.
pub(super) fn frame_message(frame: &Frame) -> Bytes {
    frame.rendered(FrameFormat::Message, |frame| {
        json(&StreamMessage::new(frame))
    })
}

/// Renders a `poll_changed` message with the state of a frame of any kind.
pub(super) fn changed_message(frame: &Frame) -> Bytes {
    json(&StreamMessage::changed(frame))
}

/// Renders a frame as a server-sent event.
pub(super) fn frame_event(frame: &Frame) -> Bytes {
    frame.rendered(FrameFormat::TextStream, |frame| {
        let name = match frame.kind {
            FrameKind::Updated => "poll_updated",
            FrameKind::Closed => "poll_closed",
            FrameKind::Changed => "poll_changed",
            FrameKind::Deleted => "poll_deleted",
        };
        event(name, frame, &frame_message(frame))
    })
}

/// Renders the sample of votes of a frame as WebSocket messages. There are none while
/// counts are hidden, or if votes have several options.
pub(super) fn vote_messages(frame: &Frame) -> impl Iterator<Item = Bytes> {
    let options = match (frame.kind, frame.poll.rules.ballot) {
        (FrameKind::Updated, BallotKind::Single) => &frame.vote_sample[..],
        _ => &[],
    };
    let votes = options.iter().filter_map(|option| {
        let totals = Totals::from(&frame.view);
        Some(StreamMessage::VoteSubmitted(VoteSubmitted {
            poll_id: *frame.poll.id.as_uuid(),
            option_id: *option.as_uuid(),
            new_count: frame.view.count(*option)?,
            total_votes: totals.total_votes?,
            revision: totals.revision?,
        }))
    });
    votes.map(|vote| json(&vote))
}

/// Renders one vote of the sample as a server-sent event.
pub(super) fn vote_event(frame: &Frame, vote: &[u8]) -> Bytes {
    event("vote_submitted", frame, vote)
}

/// Renders a heartbeat as a WebSocket message.
pub(super) fn heartbeat_message() -> Bytes {
    json(&StreamMessage::Heartbeat(Heartbeat {}))
}

/// Renders a heartbeat as a server-sent event. It has no id, so the client keeps the last
/// position.
pub(super) fn heartbeat_event() -> Bytes {
    [
        b"event: heartbeat\ndata: ",
        &heartbeat_message()[..],
        b"\n\n",
    ]
    .concat()
    .into()
}

fn event(name: &str, frame: &Frame, data: &[u8]) -> Bytes {
    let head = format!("event: {name}\nid: {}\ndata: ", frame.view.position());
    // This JSON has no line breaks, so one `data:` line suffices.
    Bytes::from([head.as_bytes(), data, b"\n\n"].concat())
}

/// Serializes a message. The types of this module never fail.
pub(super) fn json(message: &impl Serialize) -> Bytes {
    serde_json::to_vec(message).unwrap_or_default().into()
}
