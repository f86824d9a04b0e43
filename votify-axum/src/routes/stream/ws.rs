mod closing;
mod opening;
mod sending;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Context};
use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use tungstenite::Message;
use tungstenite::protocol::WebSocketConfig;
use votify_core::engine::live::{Frame, FrameKind};
use votify_core::{VoteOutcome, VoteReceipt};

use self::closing::CloseReason;
pub(super) use self::opening::Upgrade;
use self::opening::WebSocket;
use self::sending::{send, send_json};
use super::command::{Command, Reply};
use super::message;
use super::queued_votes::Decision;
use super::ticker::Ticker;
use super::viewer::Viewer;
use super::wake_flag::WakeFlag;
use crate::authorize::Action;
use crate::dto::ballot;
use crate::dto::receipt::{QueuedBody, ReceiptBody};
use crate::dto::stream::{VoteConfirmed, VoteQueued, VoteRejected};
use crate::error::{ErrorCode, Problem, retry_later};
use crate::router::RouteGroup;
use crate::voting::cast_within_rate;

/// Maximum size of a client's message in bytes. A longer one ends the stream.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// Size of the read and of the write buffer. Small, because clients send little and there
/// are thousands of viewers.
const BUFFER_BYTES: usize = 2 * 1024;
/// Number of unanswered pings after which the stream is closed, at the next tick. With the
/// default interval of 25 s, the client was unresponsive for 50 to 75 s.
const MAX_UNANSWERED_PINGS: u8 = 2;

/// `Retry-After` for a stream that has no session.
const SESSION_RETRY_AFTER: Duration = Duration::from_secs(10);

pub(super) fn respond(upgrade: Upgrade, viewer: Viewer) -> Response {
    let (caller, state) = (viewer.caller.clone(), viewer.state.clone());
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let mut response = upgrade.serve(config, move |socket| serve_socket(socket, viewer));
    caller.set_session_cookie(&mut response, &state);
    response
}

async fn serve_socket(mut socket: WebSocket, mut viewer: Viewer) {
    let reason = run_socket(&mut socket, &mut viewer).await;
    drop(viewer);
    closing::close(socket, reason).await;
}

async fn run_socket(socket: &mut WebSocket, viewer: &mut Viewer) -> CloseReason {
    let pings = viewer.state.pings.listen();
    let mut tick = pin!(pings.tick());
    let mut unanswered_pings = 0_u8;
    let input_flag = WakeFlag::new();
    // The state is sent first, even if the client's first message arrives with its
    // handshake.
    let Some(first) = viewer.watch.next().await else {
        return end_of_watch(viewer);
    };
    if let Err(reason) = send_frame(socket, viewer, &first).await {
        return reason;
    }
    loop {
        let input = tokio::select! {
            biased;
            frame = viewer.watch.next() => Input::Frame(frame),
            decision = viewer.queued_votes.next() => Input::Decision(decision),
            input = poll_fn(|context| {
                input_flag.poll(context, |context| {
                    poll_input(socket, tick.as_mut(), &mut viewer.heartbeat, context)
                })
            }) => input,
        };
        match input {
            Input::Frame(None) => return end_of_watch(viewer),
            Input::Frame(Some(frame)) => {
                if let Err(reason) = send_frame(socket, viewer, &frame).await {
                    return reason;
                }
            }
            Input::Decision(decision) => {
                if let Some(view) = decision.view() {
                    viewer.last_sent.record(view.position());
                }
                let reply = message::json(&decision.into_reply());
                if let Err(reason) = Box::pin(send_json(socket, viewer, reply)).await {
                    return reason;
                }
            }
            Input::Received(received) => {
                unanswered_pings = 0;
                let received = match received {
                    Some(Ok(received)) => received,
                    Some(Err(error)) => return CloseReason::of_error(&error),
                    None => return CloseReason::Disconnected,
                };
                if let Err(reason) = Box::pin(handle(socket, viewer, received)).await {
                    return reason;
                }
            }
            Input::HeartbeatDue => {
                let heartbeat = message::heartbeat_message();
                if let Err(reason) = send_json(socket, viewer, heartbeat).await {
                    return reason;
                }
            }
            Input::Tick => {
                tick.set(pings.tick());
                if unanswered_pings >= MAX_UNANSWERED_PINGS {
                    return CloseReason::UNRESPONSIVE;
                }
                unanswered_pings += 1;
                let ping = Message::Ping(Bytes::new());
                if send(socket, viewer, ping).await.is_err() {
                    return CloseReason::Disconnected;
                }
            }
        }
    }
}

/// The next thing that a viewer's task handles.
enum Input {
    Frame(Option<Arc<Frame>>),
    Decision(Decision),
    Received(Option<tungstenite::Result<Message>>),
    Tick,
    HeartbeatDue,
}

fn poll_input(
    socket: &mut WebSocket,
    tick: Pin<&mut impl Future<Output = ()>>,
    heartbeat: &mut Ticker,
    context: &mut Context<'_>,
) -> task::Poll<Input> {
    if let task::Poll::Ready(received) = socket.poll_next_unpin(context) {
        return task::Poll::Ready(Input::Received(received));
    }
    if tick.poll(context).is_ready() {
        return task::Poll::Ready(Input::Tick);
    }
    heartbeat.poll(context).map(|()| Input::HeartbeatDue)
}

/// Sends a frame, unless the client has a newer state.
async fn send_frame(
    socket: &mut WebSocket,
    viewer: &mut Viewer,
    frame: &Frame,
) -> Result<(), CloseReason> {
    viewer.deleted |= frame.kind == FrameKind::Deleted;
    let position = frame.view.position();
    if viewer.last_sent.is_newer_than(&position) {
        match frame.kind {
            FrameKind::Updated => return Ok(()),
            FrameKind::Changed => {
                viewer.has_pending_change = true;
                return Ok(());
            }
            FrameKind::Closed | FrameKind::Deleted => {}
        }
    }
    viewer.last_sent.record(position);
    if viewer.has_pending_change && frame.kind == FrameKind::Updated {
        viewer.has_pending_change = false;
        send_json(socket, viewer, message::changed_message(frame)).await?;
    }
    send_json(socket, viewer, message::frame_message(frame)).await?;
    if viewer.wants_votes && !frame.vote_sample.is_empty() {
        // Boxed, because few viewers want votes, and a future is as large as its largest
        // branch.
        Box::pin(async {
            for vote in message::vote_messages(frame) {
                send_json(socket, viewer, vote).await?;
            }
            Ok::<_, CloseReason>(())
        })
        .await?;
    }
    Ok(())
}

async fn handle(
    socket: &mut WebSocket,
    viewer: &mut Viewer,
    received: Message,
) -> Result<(), CloseReason> {
    match &received {
        Message::Ping(_) | Message::Pong(_) => return Ok(()),
        Message::Close(_) => return Err(CloseReason::ClosedByClient),
        _ => {}
    }
    let reply = match Command::parse(&received) {
        Command::Malformed(detail) => message::json(&Reply::malformed(detail)),
        Command::Refresh => match refresh(viewer).await {
            Ok(frame) => {
                viewer.last_sent.record(frame.view.position());
                message::frame_message(&frame)
            }
            Err(problem) => message::json(&Reply::error(problem.code(), None)),
        },
        Command::Vote { request_id, body } => {
            let reply = match vote(viewer, body).await {
                Ok(receipt) if receipt.outcome == VoteOutcome::Queued => {
                    let (engine, voter) = (viewer.state.engine.clone(), viewer.caller.to_caller());
                    let (poll, waiting) = (viewer.poll, request_id.clone());
                    viewer
                        .queued_votes
                        .add(engine, poll, voter, receipt.ballot, waiting);
                    Reply::VoteQueued(VoteQueued {
                        request_id,
                        queued: QueuedBody::from(&receipt),
                    })
                }
                Ok(receipt) => Reply::VoteConfirmed(VoteConfirmed {
                    request_id,
                    receipt: ReceiptBody::new(receipt.ballot, &receipt.view),
                }),
                Err(problem) => Reply::VoteRejected(VoteRejected {
                    request_id,
                    problem: problem.body(),
                }),
            };
            message::json(&reply)
        }
    };
    send_json(socket, viewer, reply).await
}

async fn vote(viewer: &mut Viewer, body: serde_json::Value) -> Result<VoteReceipt, Problem> {
    let input = ballot::read(body)
        .map_err(|errors| Problem::field_errors(ErrorCode::InvalidBallot, errors))?;
    if !viewer.state.config.serves(RouteGroup::Voting) {
        return Err(
            Problem::new(ErrorCode::NotAllowed).with_detail("this server takes no votes over HTTP")
        );
    }
    if viewer.caller.session_id().is_none() && !input.choice.is_withdrawal() {
        return Err(Problem::new(ErrorCode::RateLimited)
            .with_detail(
                "this stream has no session, because the address had exceeded the rate of new \
                 sessions: reconnect",
            )
            .with_retry_after(SESSION_RETRY_AFTER));
    }
    if viewer.queued_votes.is_full() {
        return Err(retry_later(ErrorCode::Overloaded)
            .with_detail("too many votes of this stream are not counted yet"));
    }
    if let Some(request) = &viewer.request {
        let action = Action::Vote(viewer.poll);
        viewer.caller.reauthenticate(request, &viewer.state).await?;
        viewer
            .caller
            .authorize(request, action, &viewer.state)
            .await?;
    }
    let attempt = cast_within_rate(&viewer.state, viewer.poll, &mut viewer.caller, input).await;
    let receipt = attempt.result?;
    if receipt.outcome != VoteOutcome::Queued {
        viewer.last_sent.record(receipt.view.position());
    }
    Ok(receipt)
}

/// Returns the current state, never an older one than was sent: after a confirmed vote,
/// the poll's room may still lag behind.
async fn refresh(viewer: &mut Viewer) -> Result<Arc<Frame>, Problem> {
    let frame = viewer.watch.refresh().await?;
    let newer = viewer.last_sent.newer_than(&frame.view.position());
    let Some(newer) = newer else {
        return Ok(frame);
    };
    // A new watch from that position makes the room read the store.
    let voter = viewer.caller.to_caller();
    let watch = viewer.state.engine.watch(viewer.poll, &voter, Some(newer));
    drop(watch.await?);
    let frame = viewer.watch.refresh().await?;
    if viewer.last_sent.is_newer_than(&frame.view.position()) {
        return Err(ErrorCode::StoreUnavailable.into());
    }
    Ok(frame)
}

fn end_of_watch(viewer: &Viewer) -> CloseReason {
    if viewer.deleted {
        CloseReason::POLL_DELETED
    } else {
        CloseReason::SHUTDOWN
    }
}
