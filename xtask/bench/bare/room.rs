//! One poll that many watch: a change is rendered once, and every viewer is sent the newest.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use uuid::Uuid;

/// As Votify's.
const BUFFER: usize = 4 * 1024;

#[derive(Debug)]
pub(super) struct Room {
    poll: Uuid,
    shown: watch::Sender<Shown>,
}

/// A state in all the forms that it is sent in.
#[derive(Debug, Clone)]
struct Shown {
    revision: u64,
    message: Utf8Bytes,
    event: Bytes,
    frame: Bytes,
}

#[derive(Debug, Serialize)]
pub(super) struct Changed {
    revision: u64,
}

impl Default for Room {
    fn default() -> Self {
        let poll = Uuid::now_v7();
        let shown = watch::Sender::new(Shown::of(poll, 0));
        Self { poll, shown }
    }
}

impl Shown {
    /// What Votify shows at this revision.
    fn of(poll: Uuid, revision: u64) -> Self {
        let message = format!(
            r#"{{"type":"poll_updated","poll_id":"{poll}","options":[{{"id":"{poll}","count":{revision}}},{{"id":"{poll}","count":0}}],"total_votes":{revision},"epoch":1,"revision":{revision},"viewers":2000}}"#
        );
        let event = format!("event: poll_updated\nid: 1-{revision}\ndata: {message}\n\n");
        // A final frame of text between 126 and 65 535 bytes long.
        let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
        let head = [&[0x81, 126][..], &length.to_be_bytes()].concat();
        Self {
            revision,
            frame: [&head, message.as_bytes()].concat().into(),
            event: event.into(),
            message: message.into(),
        }
    }
}

/// Shows the next state.
pub(super) async fn change(State(room): State<Arc<Room>>) -> (StatusCode, Json<Changed>) {
    let mut revision = 0;
    room.shown.send_modify(|shown| {
        revision = shown.revision + 1;
        *shown = Shown::of(room.poll, revision);
    });
    (StatusCode::CREATED, Json(Changed { revision }))
}

pub(super) async fn web_socket(
    State(room): State<Arc<Room>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let shown = room.shown.subscribe();
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .on_upgrade(|socket| show(socket, shown))
}

async fn show(mut socket: WebSocket, mut shown: watch::Receiver<Shown>) {
    shown.mark_changed();
    loop {
        tokio::select! {
            changed = shown.changed() => {
                if changed.is_err() {
                    return;
                }
                let message = shown.borrow_and_update().message.clone();
                if socket.send(Message::Text(message)).await.is_err() {
                    return;
                }
            }
            received = socket.recv() => {
                if !matches!(received, Some(Ok(_))) {
                    return;
                }
            }
        }
    }
}

pub(super) async fn events(State(room): State<Arc<Room>>) -> Response {
    let mut shown = room.shown.subscribe();
    shown.mark_changed();
    let body = unfold(shown, |mut shown| async move {
        shown.changed().await.ok()?;
        let event = shown.borrow_and_update().event.clone();
        Some((Ok::<_, Infallible>(event), shown))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream")];
    (headers, Body::from_stream(body)).into_response()
}

/// No WebSocket at all behind its first answer: frames made beforehand are written, and nothing is read.
pub(super) async fn raw(State(room): State<Arc<Room>>, mut request: Request) -> Response {
    let mut shown = room.shown.subscribe();
    shown.mark_changed();
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(&mut request).await else {
            return;
        };
        let mut socket = TokioIo::new(upgraded);
        while shown.changed().await.is_ok() {
            let frame = shown.borrow_and_update().frame.clone();
            if socket.write_all(&frame).await.is_err() {
                return;
            }
        }
    });
    let headers = [
        (header::CONNECTION, "upgrade"),
        (header::UPGRADE, "websocket"),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}
