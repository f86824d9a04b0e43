use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;
use votify_core::engine::live::{Frame, FrameKind};

use crate::dto::ballot;
use crate::dto::receipt::ReceiptBody;
use crate::problem::{Code, Problem};
use crate::stream::bell::Bell;
use crate::stream::command::{Command, Reply};
use crate::stream::{Viewer, message};
use crate::votes::{Attempt, attempt};

/// The most bytes of a message from a client; a longer one ends the stream.
const MESSAGE_MAX: usize = 64 * 1024;
/// A message is read up to here before it is refused, so that the client hears why; beyond, it may hear nothing.
const READ_MAX: usize = 2 * MESSAGE_MAX;
/// What a client sends is short, and each of thousands of viewers holds so much.
const BUFFER: usize = 2 * 1024;
/// A peer that was silent for so many pings is dropped.
const SILENT_PINGS: u8 = 2;
/// How long a client that was told why its stream ends may take to hear it.
const LINGER: Duration = Duration::from_secs(1);

/// How long to wait before a stream that could get no session is opened again.
const SESSION_WAIT: Duration = Duration::from_secs(10);

/// The peer is gone, stuck or silent.
struct Gone;

/// Why a stream ends.
enum End {
    /// Nobody is there any more.
    Gone,
    /// The peer closed, and is answered by the WebSocket itself.
    Closed,
    With(u16, &'static str),
}

impl From<Gone> for End {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

pub(super) fn respond(upgrade: WebSocketUpgrade, viewer: Viewer) -> Response {
    let (caller, shared) = (viewer.caller.clone(), viewer.shared.clone());
    let mut response = upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(READ_MAX)
        .max_frame_size(READ_MAX)
        .on_upgrade(move |socket| serve(socket, viewer));
    caller.sign(&mut response, &shared);
    response
}

async fn serve(mut socket: WebSocket, mut viewer: Viewer) {
    let End::With(code, reason) = run(&mut socket, &mut viewer).await else {
        return;
    };
    drop(viewer);
    let close = Message::Close(Some(CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    }));
    // A socket that is dropped with input unread resets the connection, and the reason may be lost on the way.
    let goodbye = Box::pin(async {
        if socket.send(close).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
            if code == close_code::SIZE {
                std::future::pending::<()>().await;
            }
        }
    });
    let _ = timeout(LINGER, goodbye).await;
}

async fn run(socket: &mut WebSocket, viewer: &mut Viewer) -> End {
    let pings = viewer.shared.pings.listen();
    let mut beat = pin!(pings.beat());
    let mut silent_beats = 0_u8;
    let bell = Bell::new();
    // The state comes first, even to a client that sends something right behind its handshake.
    let Some(first) = viewer.watch.next().await else {
        return farewell(viewer);
    };
    if show(socket, viewer, &first).await.is_err() {
        return End::Gone;
    }
    loop {
        let stir = tokio::select! {
            biased;
            frame = viewer.watch.next() => Stir::Frame(frame),
            stir = poll_fn(|context| {
                bell.poll(context, |context| listen(socket, beat.as_mut(), context))
            }) => stir,
        };
        match stir {
            Stir::Frame(None) => return farewell(viewer),
            Stir::Frame(Some(frame)) => {
                if show(socket, viewer, &frame).await.is_err() {
                    return End::Gone;
                }
            }
            Stir::Heard(received) => {
                silent_beats = 0;
                let received = match received {
                    Some(Ok(received)) => received,
                    Some(Err(error)) => return end_of(error),
                    None => return End::Gone,
                };
                if let Err(end) = Box::pin(answer(socket, viewer, received)).await {
                    return end;
                }
            }
            Stir::Beat => {
                beat.set(pings.beat());
                let is_silent = silent_beats >= SILENT_PINGS;
                silent_beats += 1;
                if is_silent
                    || send(socket, viewer, Message::Ping(Bytes::new()))
                        .await
                        .is_err()
                {
                    return End::Gone;
                }
            }
        }
    }
}

/// Why a viewer's task looks up.
enum Stir {
    Frame(Option<Arc<Frame>>),
    Heard(Option<Result<Message, axum::Error>>),
    Beat,
}

/// Looks at what is not a frame.
fn listen(
    socket: &mut WebSocket,
    beat: Pin<&mut impl Future<Output = ()>>,
    context: &mut Context<'_>,
) -> Poll<Stir> {
    if let Poll::Ready(received) = socket.poll_next_unpin(context) {
        return Poll::Ready(Stir::Heard(received));
    }
    beat.poll(context).map(|()| Stir::Beat)
}

async fn show(socket: &mut WebSocket, viewer: &mut Viewer, frame: &Frame) -> Result<(), Gone> {
    viewer.deleted |= frame.kind == FrameKind::Deleted;
    let position = frame.view.position();
    if viewer.told.is_ahead_of(&position) {
        match frame.kind {
            FrameKind::Updated => return Ok(()),
            FrameKind::Changed => {
                viewer.owes_change = true;
                return Ok(());
            }
            FrameKind::Closed | FrameKind::Deleted => {}
        }
    }
    viewer.told.note(position);
    if viewer.owes_change && frame.kind == FrameKind::Updated {
        viewer.owes_change = false;
        send_json(socket, viewer, message::changed(frame)).await?;
    }
    send_json(socket, viewer, message::message(frame)).await?;
    if viewer.wants_votes && !frame.votes.is_empty() {
        Box::pin(async {
            for vote in message::votes(frame) {
                send_json(socket, viewer, vote).await?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn answer(socket: &mut WebSocket, viewer: &mut Viewer, received: Message) -> Result<(), End> {
    match &received {
        Message::Ping(_) | Message::Pong(_) => return Ok(()),
        Message::Close(_) => return Err(End::Closed),
        Message::Text(text) if text.len() > MESSAGE_MAX => return Err(too_long()),
        Message::Binary(bytes) if bytes.len() > MESSAGE_MAX => return Err(too_long()),
        Message::Text(_) | Message::Binary(_) => {}
    }
    let reply = match Command::read(&received) {
        Command::Malformed => message::json(&Reply::MALFORMED),
        Command::Refresh => match refresh(viewer).await {
            Ok(frame) => {
                viewer.told.note(frame.view.position());
                message::message(&frame)
            }
            Err(problem) => message::json(&Reply::Error {
                code: problem.code().name(),
            }),
        },
        Command::Vote { request_id, body } => {
            let reply = match vote(viewer, body).await {
                Ok(receipt) => Reply::VoteConfirmed {
                    request_id,
                    receipt,
                },
                Err(problem) => Reply::VoteRejected {
                    request_id,
                    problem: problem.body(),
                },
            };
            message::json(&reply)
        }
    };
    Ok(send_json(socket, viewer, reply).await?)
}

async fn vote(viewer: &mut Viewer, body: serde_json::Value) -> Result<ReceiptBody, Problem> {
    let given =
        ballot::read(body).map_err(|problems| Problem::fields(Code::InvalidBallot, problems))?;
    if viewer.caller.session_id().is_none() && !given.choice.is_withdrawal() {
        return Err(Problem::new(Code::RateLimited)
            .with_detail(
                "Your address has begun as many sessions as it may, so this stream has none; open it again later.",
            )
            .with_retry_after(SESSION_WAIT));
    }
    if let Some(login) = &viewer.login {
        viewer.caller.renew_account(login, &viewer.shared).await?;
    }
    let Attempt { result, .. } =
        attempt(&viewer.shared, viewer.poll, &mut viewer.caller, given).await;
    let receipt = result?;
    viewer.told.note(receipt.view.position());
    Ok(ReceiptBody::from(&receipt))
}

/// The newest state, never from before what was told: after a confirmed vote the room may still be behind it.
async fn refresh(viewer: &mut Viewer) -> Result<Arc<Frame>, Problem> {
    let frame = viewer.watch.refresh().await?;
    let told = viewer.told.ahead_of(&frame.view.position());
    let Some(told) = told else {
        return Ok(frame);
    };
    // Entering with what was told makes the room read the store.
    let voter = viewer.caller.voter();
    let entered = viewer.shared.engine.watch(viewer.poll, &voter, Some(told));
    drop(entered.await?);
    let frame = viewer.watch.refresh().await?;
    if viewer.told.is_ahead_of(&frame.view.position()) {
        return Err(Code::StoreUnavailable.into());
    }
    Ok(frame)
}

fn farewell(viewer: &Viewer) -> End {
    if viewer.deleted {
        End::With(close_code::NORMAL, "the poll was deleted")
    } else {
        End::With(close_code::AWAY, "the server is shutting down")
    }
}

const fn too_long() -> End {
    End::With(close_code::SIZE, "messages may have up to 64 KiB")
}

/// What a peer is told that breaks the rules of WebSockets.
fn end_of(error: axum::Error) -> End {
    use tungstenite::Error;
    match error.into_inner().downcast_ref() {
        Some(Error::Capacity(_)) => too_long(),
        Some(Error::Utf8(_)) => End::With(close_code::INVALID, "text must be UTF-8"),
        Some(Error::Protocol(_)) => End::With(close_code::PROTOCOL, "not a WebSocket any more"),
        _ => End::Gone,
    }
}

async fn send_json(socket: &mut WebSocket, viewer: &Viewer, json: Bytes) -> Result<(), Gone> {
    let text = Utf8Bytes::try_from(json).map_err(|_| Gone)?;
    send(socket, viewer, Message::Text(text)).await
}

/// Within the time that a peer has to accept a message; a timer is set only for one whose socket is full.
async fn send(socket: &mut WebSocket, viewer: &Viewer, message: Message) -> Result<(), Gone> {
    let mut sending = pin!(socket.send(message));
    let sent = match sending.as_mut().now_or_never() {
        Some(sent) => Ok(sent),
        None => timeout(viewer.shared.config.timing.write, sending).await,
    };
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}
