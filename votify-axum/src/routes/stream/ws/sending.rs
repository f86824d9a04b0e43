//! Sends messages within the write timeout and within the memory of responses.

use std::pin::pin;

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt};
use tokio::time::timeout;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Message, Utf8Bytes};

use super::closing::{CloseReason, Disconnected};
use super::opening::WebSocket;
use crate::response_memory::MAX_UNCOUNTED;
use crate::routes::stream::viewer::Viewer;

/// Maximum size of the payload of a frame that is sent, in bytes. tungstenite copies each
/// frame into the buffer of its socket, so the size bounds what a viewer that reads
/// nothing holds beside the shared message.
const MAX_PAYLOAD: usize = MAX_UNCOUNTED;

/// Sends a message, in several frames if it is large.
pub(super) async fn send_json(
    socket: &mut WebSocket,
    viewer: &Viewer,
    json: Bytes,
) -> Result<(), CloseReason> {
    if json.len() > MAX_PAYLOAD {
        // Boxed, because large messages are rare, and a future is as large as its largest
        // branch.
        return Box::pin(send_frames(socket, viewer, json)).await;
    }
    let text = Utf8Bytes::try_from(json).map_err(|_| Disconnected)?;
    Ok(send(socket, viewer, Message::Text(text)).await?)
}

/// Sends a message in frames (RFC 6455, 5.4). Its bytes count as a response that was not
/// received yet, until the last of them is written.
async fn send_frames(
    socket: &mut WebSocket,
    viewer: &Viewer,
    json: Bytes,
) -> Result<(), CloseReason> {
    let address = viewer.caller.address_block();
    let mut rest = viewer
        .state
        .count_shared(json, address)
        .map_err(|_| CloseReason::TOO_MANY_UNREAD)?;
    let mut opcode = OpCode::Data(Data::Text);
    while !rest.is_empty() {
        let payload = rest.split_to(rest.len().min(MAX_PAYLOAD));
        let frame = Frame::message(payload, opcode, rest.is_empty());
        send(socket, viewer, Message::Frame(frame)).await?;
        opcode = OpCode::Data(Data::Continue);
    }
    Ok(())
}

/// Sends a message within the write timeout. Starts a timer only if the socket is full.
pub(super) async fn send(
    socket: &mut WebSocket,
    viewer: &Viewer,
    message: Message,
) -> Result<(), Disconnected> {
    let mut sending = pin!(socket.send(message));
    let result = match sending.as_mut().now_or_never() {
        Some(result) => Ok(result),
        None => timeout(viewer.state.config.timing.write_timeout, sending).await,
    };
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Disconnected),
    }
}
