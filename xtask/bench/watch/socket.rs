//! One viewer's connection over WebSocket, server-sent events or Socket.IO.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::events::next_event;
use super::frames::{self, CLOSE, PING, TEXT, next_frame};

/// The protocol of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    WebSocket,
    ServerSentEvents,
    /// Socket.IO over a WebSocket.
    SocketIo,
}

/// The address of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) path: String,
}

/// Initial buffer: fits the messages that wait for a viewer without a backlog.
const BUFFER: usize = 2 * 1024;

/// One viewer's connection.
#[derive(Debug)]
pub(crate) struct Socket {
    transport: Transport,
    stream: TcpStream,
    received: Vec<u8>,
}

impl Socket {
    /// Connects, requests the stream and waits for the server's consent.
    ///
    /// # Errors
    /// If the server rejects the connection or the stream.
    pub(crate) async fn open(endpoint: &Endpoint) -> Result<Self> {
        let transport = endpoint.transport;
        let stream = TcpStream::connect(endpoint.address).await?;
        stream.set_nodelay(true)?;
        let mut socket = Self {
            transport,
            stream,
            received: Vec::with_capacity(BUFFER),
        };
        let request = request(transport, &endpoint.path);
        socket.stream.write_all(&request).await?;
        let head = loop {
            socket.read().await?;
            if let Some(end) = memmem::find(&socket.received, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let expected: &[u8] = match transport {
            Transport::ServerSentEvents => b"HTTP/1.1 200",
            Transport::WebSocket | Transport::SocketIo => b"HTTP/1.1 101",
        };
        ensure!(
            socket.received.starts_with(expected),
            "stream rejected: {}",
            String::from_utf8_lossy(&socket.received)
        );
        socket.received.drain(..head);
        if transport == Transport::SocketIo {
            // Packet "40" joins the main namespace, which contains the room.
            socket.stream.write_all(&frames::text("40")).await?;
        }
        Ok(socket)
    }

    /// Waits for data and calls `handle` with each complete message.
    ///
    /// # Errors
    /// If the connection is closed, the data is malformed, or `handle` fails.
    pub(crate) async fn next(&mut self, mut handle: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        // The first messages may have arrived together with the response head.
        if self.received.is_empty() {
            self.read().await?;
        }
        loop {
            let used = match self.transport {
                Transport::ServerSentEvents => self.handle_events(&mut handle)?,
                Transport::WebSocket | Transport::SocketIo => {
                    self.handle_frames(&mut handle).await?
                }
            };
            if used > 0 {
                self.received.drain(..used);
                return Ok(());
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.received).await?;
        ensure!(read > 0, "stream closed by the server");
        Ok(())
    }

    fn handle_events(&self, handle: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<usize> {
        let mut used = 0;
        while let Some((start, end, next)) = next_event(&self.received, used) {
            handle(self.received.get(start..end).unwrap_or_default())?;
            used = next;
        }
        Ok(used)
    }

    async fn handle_frames(
        &mut self,
        handle: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<usize> {
        let mut used = 0;
        while let Some(frame) = next_frame(&self.received, used)? {
            let payload = self
                .received
                .get(frame.start..frame.end)
                .unwrap_or_default();
            match frame.opcode {
                // Socket.IO has its own ping "2" and pong "3" in text frames.
                TEXT if self.transport == Transport::SocketIo && payload == b"2" => {
                    self.stream.write_all(&frames::text("3")).await?;
                }
                TEXT => handle(payload)?,
                PING => self.stream.write_all(&frames::pong(payload)).await?,
                CLOSE => bail!(
                    "stream closed by the server: {}",
                    String::from_utf8_lossy(payload)
                ),
                _ => {}
            }
            used = frame.end;
        }
        Ok(used)
    }
}

fn request(transport: Transport, path: &str) -> Vec<u8> {
    let upgrade = match transport {
        Transport::ServerSentEvents => "accept: text/event-stream\r\n",
        Transport::WebSocket | Transport::SocketIo => {
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dm90aWZ5IG1lYXN1cmVzIQ==\r\n"
        }
    };
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{upgrade}\r\n").into_bytes()
}

/// Returns the revision of a message, or `None` for a message without counts.
///
/// # Errors
/// If the revision is not a number.
pub(crate) fn revision(message: &[u8]) -> Result<Option<u64>> {
    const NAME: &[u8] = b"\"revision\":";
    let Some(offset) = memmem::find(message, NAME) else {
        return Ok(None);
    };
    let digits = message.get(offset + NAME.len()..).unwrap_or_default();
    let end = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let digits = digits.get(..end).unwrap_or_default();
    let revision = std::str::from_utf8(digits)?.parse();
    revision.map(Some).context("revision is not a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_found_at_any_position() {
        let found = |text: &str| revision(text.as_bytes()).unwrap();
        assert_eq!(found(r#"{"epoch":1,"revision":80,"viewers":17}"#), Some(80));
        assert_eq!(found(r#"42["poll_updated",{"revision":7}]"#), Some(7));
        assert_eq!(found(r#"{"type":"poll_deleted"}"#), None);
        assert!(revision(br#"{"revision":"x"}"#).is_err());
    }
}
