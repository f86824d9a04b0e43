//! Frames as messages. Each is rendered once, however many watch.

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;
use votify_core::BallotKind;
use votify_core::engine::live::{Frame, FrameFormat, FrameKind};

use crate::dto::poll::PollBody;
use crate::dto::totals::{Count, Totals};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Message {
    PollUpdated {
        poll_id: Uuid,
        options: Vec<Count>,
        #[serde(flatten)]
        totals: Totals,
        viewers: u32,
    },
    PollClosed {
        poll_id: Uuid,
        options: Vec<Count>,
        #[serde(flatten)]
        totals: Totals,
        #[serde(rename = "final")]
        is_final: bool,
    },
    PollChanged {
        poll_id: Uuid,
        poll: Box<PollBody>,
    },
    PollDeleted {
        poll_id: Uuid,
    },
    VoteSubmitted {
        poll_id: Uuid,
        option_id: Uuid,
        new_count: u64,
        total_votes: u64,
        revision: u64,
    },
}

impl Message {
    fn of(frame: &Frame) -> Self {
        let poll_id = *frame.poll.id.as_uuid();
        match frame.kind {
            FrameKind::Updated => Self::PollUpdated {
                poll_id,
                options: Count::all(&frame.view),
                totals: (&frame.view).into(),
                viewers: frame.viewers,
            },
            FrameKind::Closed => Self::PollClosed {
                poll_id,
                options: Count::all(&frame.view),
                totals: (&frame.view).into(),
                is_final: frame.view.is_final(),
            },
            FrameKind::Changed => Self::changed(frame),
            FrameKind::Deleted => Self::PollDeleted { poll_id },
        }
    }

    fn changed(frame: &Frame) -> Self {
        Self::PollChanged {
            poll_id: *frame.poll.id.as_uuid(),
            poll: Box::new(PollBody::new(&frame.poll, frame.status, &frame.view)),
        }
    }
}

/// The frame as a bare message.
pub(super) fn message(frame: &Frame) -> Bytes {
    frame.rendered(FrameFormat::Message, |frame| json(&Message::of(frame)))
}

/// That the poll has changed, with the frame's state, whatever its kind.
pub(super) fn changed(frame: &Frame) -> Bytes {
    json(&Message::changed(frame))
}

/// The frame as a server-sent event.
pub(super) fn event(frame: &Frame) -> Bytes {
    frame.rendered(FrameFormat::TextStream, |frame| {
        let name = match frame.kind {
            FrameKind::Updated => "poll_updated",
            FrameKind::Closed => "poll_closed",
            FrameKind::Changed => "poll_changed",
            FrameKind::Deleted => "poll_deleted",
        };
        as_event(name, frame, &message(frame))
    })
}

/// The single votes that a frame tells of, as bare messages; none where counts are hidden or votes hold several options.
pub(super) fn votes(frame: &Frame) -> impl Iterator<Item = Bytes> {
    let told = match (frame.kind, frame.poll.rules.ballot) {
        (FrameKind::Updated, BallotKind::Single) => &frame.votes[..],
        _ => &[],
    };
    let votes = told.iter().filter_map(|option| {
        let totals = Totals::from(&frame.view);
        Some(Message::VoteSubmitted {
            poll_id: *frame.poll.id.as_uuid(),
            option_id: *option.as_uuid(),
            new_count: frame.view.count(*option)?,
            total_votes: totals.total_votes?,
            revision: totals.revision?,
        })
    });
    votes.map(|vote| json(&vote))
}

/// A single vote as a server-sent event.
pub(super) fn vote_event(frame: &Frame, vote: &[u8]) -> Bytes {
    as_event("vote_submitted", frame, vote)
}

fn as_event(name: &str, frame: &Frame, data: &[u8]) -> Bytes {
    let head = format!("event: {name}\nid: {}\ndata: ", frame.view.position());
    // JSON holds no line breaks, so one `data:` line is enough.
    Bytes::from([head.as_bytes(), data, b"\n\n"].concat())
}

/// Types of ours always make JSON.
pub(super) fn json(message: &impl Serialize) -> Bytes {
    serde_json::to_vec(message).unwrap_or_default().into()
}
