use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::events::event_at;
use super::frames::{self, CLOSE, PING, TEXT, frame_at};

/// How a viewer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    WebSocket,
    /// Server-sent events.
    Events,
    /// A WebSocket on which Socket.IO is spoken.
    SocketIo,
}

/// As much as waits for a viewer that keeps up.
const BUFFER: usize = 2 * 1024;

/// One viewer's connection.
#[derive(Debug)]
pub(crate) struct Socket {
    carrier: Carrier,
    stream: TcpStream,
    received: Vec<u8>,
}

impl Socket {
    /// Connects and asks for the stream; returns when the server has agreed.
    ///
    /// # Errors
    /// If it does not.
    pub(crate) async fn open(address: SocketAddr, carrier: Carrier, path: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut this = Self {
            carrier,
            stream,
            received: Vec::with_capacity(BUFFER),
        };
        this.stream.write_all(&request(carrier, path)).await?;
        let head = loop {
            this.read().await?;
            if let Some(end) = memmem::find(&this.received, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let wanted: &[u8] = match carrier {
            Carrier::Events => b"HTTP/1.1 200",
            Carrier::WebSocket | Carrier::SocketIo => b"HTTP/1.1 101",
        };
        ensure!(
            this.received.starts_with(wanted),
            "no stream: {}",
            String::from_utf8_lossy(&this.received)
        );
        this.received.drain(..head);
        if carrier == Carrier::SocketIo {
            // Into the main namespace, where the room is.
            this.stream.write_all(&frames::text("40")).await?;
        }
        Ok(this)
    }

    /// Waits until something comes, and hands each message that is complete to `each`.
    ///
    /// # Errors
    /// If the connection breaks or is closed, or what comes is no such stream.
    pub(crate) async fn next(&mut self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        // What came with the answer's head waits already.
        if self.received.is_empty() {
            self.read().await?;
        }
        loop {
            let used = match self.carrier {
                Carrier::Events => self.events(&mut each)?,
                Carrier::WebSocket | Carrier::SocketIo => self.frames(&mut each).await?,
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
        ensure!(read > 0, "the server closed the stream");
        Ok(())
    }

    fn events(&self, each: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<usize> {
        let mut used = 0;
        while let Some((begin, end, next)) = event_at(&self.received, used) {
            each(self.received.get(begin..end).unwrap_or_default())?;
            used = next;
        }
        Ok(used)
    }

    async fn frames(&mut self, each: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<usize> {
        let mut used = 0;
        while let Some(frame) = frame_at(&self.received, used)? {
            let payload = self
                .received
                .get(frame.begin..frame.end)
                .unwrap_or_default();
            match frame.opcode {
                // Socket.IO asks in its own way whether anybody is there.
                TEXT if self.carrier == Carrier::SocketIo && payload == b"2" => {
                    self.stream.write_all(&frames::text("3")).await?;
                }
                TEXT => each(payload)?,
                PING => self.stream.write_all(&frames::pong(payload)).await?,
                CLOSE => anyhow::bail!("the server closed: {}", String::from_utf8_lossy(payload)),
                _ => {}
            }
            used = frame.end;
        }
        Ok(used)
    }
}

fn request(carrier: Carrier, path: &str) -> Vec<u8> {
    let upgrade = match carrier {
        Carrier::Events => "accept: text/event-stream\r\n",
        Carrier::WebSocket | Carrier::SocketIo => {
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dm90aWZ5IG1lYXN1cmVzIQ==\r\n"
        }
    };
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{upgrade}\r\n").into_bytes()
}

/// The revision that a message shows, if it shows a poll's counts.
pub(crate) fn revision(message: &[u8]) -> Result<Option<u64>> {
    const NAME: &[u8] = b"\"revision\":";
    let Some(at) = memmem::find(message, NAME) else {
        return Ok(None);
    };
    let digits = message.get(at + NAME.len()..).unwrap_or_default();
    let end = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let digits = digits.get(..end).unwrap_or_default();
    let revision = std::str::from_utf8(digits)?.parse();
    revision.map(Some).context("a revision that is no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_found_wherever_it_stands() {
        let found = |text: &str| revision(text.as_bytes()).unwrap();
        assert_eq!(found(r#"{"epoch":1,"revision":80,"viewers":17}"#), Some(80));
        assert_eq!(found(r#"42["poll_updated",{"revision":7}]"#), Some(7));
        assert_eq!(found(r#"{"type":"poll_deleted"}"#), None);
        assert!(revision(br#"{"revision":"x"}"#).is_err());
    }
}
