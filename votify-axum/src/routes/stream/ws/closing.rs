//! The closing handshake (RFC 6455, 5.5.1 and 7.1).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tungstenite::error::ProtocolError;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, Utf8Bytes};

use super::opening::WebSocket;

/// Maximum time to send a Close frame and to receive the client's.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum time for the client to end the connection after the handshake.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
/// Size of the reads that discard what the client still sends.
const DISCARD_BYTES: usize = 8 * 1024;

/// The client is disconnected, or it does not accept messages.
pub(super) struct Disconnected;

/// The reason for which a stream ends.
pub(super) enum CloseReason {
    Disconnected,
    /// The client sent a Close frame, which tungstenite answers at the next read.
    ClosedByClient,
    /// The server closes with this code and text.
    Close(CloseCode, &'static str),
}

impl From<Disconnected> for CloseReason {
    fn from(Disconnected: Disconnected) -> Self {
        Self::Disconnected
    }
}

impl CloseReason {
    pub(super) const MESSAGE_TOO_LONG: Self =
        Self::Close(CloseCode::Size, "a message may have at most 64 KiB");
    pub(super) const UNRESPONSIVE: Self =
        Self::Close(CloseCode::Policy, "the client does not answer pings");
    pub(super) const TOO_MANY_UNREAD: Self = Self::Close(
        CloseCode::Again,
        "too many bytes were not received yet: reconnect later",
    );
    pub(super) const POLL_DELETED: Self = Self::Close(CloseCode::Normal, "the poll was deleted");
    pub(super) const SHUTDOWN: Self = Self::Close(CloseCode::Away, "the server is shutting down");

    /// Returns the reason for an error of a read.
    pub(super) fn of_error(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => Self::MESSAGE_TOO_LONG,
            Error::Utf8(_) => Self::Close(CloseCode::Invalid, "text must be UTF-8"),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Disconnected,
            Error::Protocol(_) => Self::Close(CloseCode::Protocol, "WebSocket protocol error"),
            _ => Self::Disconnected,
        }
    }
}

/// Completes the closing handshake and ends the connection.
///
/// A client that does not answer is disconnected after 2 s.
pub(super) async fn close(mut socket: WebSocket, reason: CloseReason) {
    let frame = match reason {
        CloseReason::Disconnected => return,
        CloseReason::ClosedByClient => None,
        CloseReason::Close(code, text) => Some(CloseFrame {
            code,
            reason: Utf8Bytes::from_static(text),
        }),
    };
    let _ = timeout(HANDSHAKE_TIMEOUT, Box::pin(handshake(&mut socket, frame))).await;
    let _ = timeout(LINGER_TIMEOUT, Box::pin(end(&mut socket))).await;
}

/// Sends the frame, if any, and reads until the client's Close frame. Reading sends the
/// answer to a Close frame of the client.
async fn handshake(socket: &mut WebSocket, frame: Option<CloseFrame>) {
    if let Some(frame) = frame
        && socket.send(Message::Close(Some(frame))).await.is_err()
    {
        return;
    }
    while let Some(Ok(_)) = socket.next().await {}
}

/// Ends the connection from this side, and discards what the client still sends.
///
/// Closing a socket with unread bytes resets the connection, and the client may lose the
/// Close frame. After an error, tungstenite reads no more, so the bytes are read here.
async fn end(socket: &mut WebSocket) {
    let connection = socket.get_mut();
    if connection.shutdown().await.is_err() {
        return;
    }
    let mut discarded = vec![0; DISCARD_BYTES];
    while let Ok(1..) = connection.read(&mut discarded).await {}
}
