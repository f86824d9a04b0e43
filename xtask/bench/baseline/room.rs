//! One poll with many viewers: each change is rendered once and sent to every viewer.

use std::sync::Arc;

use axum::Json;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use uuid::Uuid;

#[derive(Debug)]
pub(super) struct Room {
    poll: Uuid,
    update: watch::Sender<RenderedUpdate>,
}

/// An update as a WebSocket message, and as a complete frame.
#[derive(Debug, Clone)]
struct RenderedUpdate {
    revision: u64,
    message: Utf8Bytes,
    frame: Bytes,
}

#[derive(Debug, Serialize)]
pub(super) struct ChangeResponse {
    revision: u64,
}

impl Default for Room {
    fn default() -> Self {
        let poll = Uuid::now_v7();
        let update = watch::Sender::new(RenderedUpdate::new(poll, 0));
        Self { poll, update }
    }
}

impl RenderedUpdate {
    /// Renders the message that Votify sends at this revision.
    fn new(poll: Uuid, revision: u64) -> Self {
        let message = format!(
            r#"{{"type":"poll_updated","poll_id":"{poll}","options":[{{"id":"{poll}","count":{revision}}},{{"id":"{poll}","count":0}}],"total_votes":{revision},"epoch":1,"revision":{revision},"viewers":2000}}"#
        );
        // Head of a final text frame with a length from 126 to 65 535 bytes.
        let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
        let head = [&[0x81, 126][..], &length.to_be_bytes()].concat();
        Self {
            revision,
            frame: [&head, message.as_bytes()].concat().into(),
            message: message.into(),
        }
    }
}

/// Renders the next revision for all viewers.
pub(super) async fn change(State(room): State<Arc<Room>>) -> (StatusCode, Json<ChangeResponse>) {
    let mut revision = 0;
    room.update.send_modify(|update| {
        revision = update.revision + 1;
        *update = RenderedUpdate::new(room.poll, revision);
    });
    (StatusCode::CREATED, Json(ChangeResponse { revision }))
}

/// A WebSocket with read and write buffers of `buffer` KiB.
pub(super) async fn web_socket(
    State(room): State<Arc<Room>>,
    Path(buffer): Path<u8>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let updates = room.update.subscribe();
    let buffer = 1024 * usize::from(buffer);
    upgrade
        .read_buffer_size(buffer)
        .write_buffer_size(buffer)
        .on_upgrade(|socket| send_updates(socket, updates))
}

async fn send_updates(mut socket: WebSocket, mut updates: watch::Receiver<RenderedUpdate>) {
    updates.mark_changed();
    loop {
        tokio::select! {
            changed = updates.changed() => {
                if changed.is_err() {
                    return;
                }
                let message = updates.borrow_and_update().message.clone();
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

/// Writes prepared frames to the connection after the upgrade, without a WebSocket
/// implementation, and reads nothing.
pub(super) async fn raw(State(room): State<Arc<Room>>, mut request: Request) -> Response {
    let mut updates = room.update.subscribe();
    updates.mark_changed();
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(&mut request).await else {
            return;
        };
        let mut socket = TokioIo::new(upgraded);
        while updates.changed().await.is_ok() {
            let frame = updates.borrow_and_update().frame.clone();
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
