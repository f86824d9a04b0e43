//! A client that writes bytes and sees how its connection ends.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::server::{Server, TIMEOUT};

#[derive(Debug)]
pub struct RawClient(pub TcpStream);

/// A frame as sent by the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

impl RawFrame {
    /// Returns the code and the reason of a Close frame. No code is 1005.
    pub fn close(&self) -> Option<(u16, &str)> {
        if self.opcode != 8 {
            return None;
        }
        match self.payload.split_first_chunk() {
            Some((code, reason)) => Some((
                u16::from_be_bytes(*code),
                std::str::from_utf8(reason).unwrap(),
            )),
            None => Some((1005, "")),
        }
    }
}

impl RawClient {
    pub async fn connect(server: &Server) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap())
    }

    /// Opens a WebSocket and reads the head of the response.
    pub async fn open_web_socket(server: &Server, path: &str) -> Self {
        let mut client = Self::connect(server).await;
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            server.address
        );
        client.write(head.as_bytes()).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(TIMEOUT, client.0.read_u8()).await.unwrap().unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 101"), "{head}");
        let accept = "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n";
        assert!(head.contains(accept), "{head}");
        client
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        timeout(TIMEOUT, self.0.write_all(bytes))
            .await
            .unwrap()
            .unwrap();
    }

    /// Sends a frame with a first byte as given, masked with zeros.
    pub async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match u16::try_from(payload.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | u8::try_from(length).unwrap()),
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend((payload.len() as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.write(&frame).await;
    }

    /// Sends a Close frame.
    pub async fn send_close(&mut self, code: u16, reason: &str) {
        let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.send_frame(0x88, &payload).await;
    }

    /// Returns the next frame, or `None` at the end of the connection.
    pub async fn next_frame(&mut self) -> io::Result<Option<RawFrame>> {
        let first = match timeout(TIMEOUT, self.0.read_u8()).await.unwrap() {
            Ok(first) => first,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = match self.0.read_u8().await? {
            126 => usize::from(self.0.read_u16().await?),
            127 => usize::try_from(self.0.read_u64().await?).unwrap(),
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await?;
        Ok(Some(RawFrame {
            opcode: first & 0x0F,
            payload,
        }))
    }

    /// Returns the first Close frame.
    pub async fn next_close(&mut self) -> RawFrame {
        loop {
            let frame = self.next_frame().await.unwrap();
            let frame = frame.unwrap_or_else(|| panic!("the end came before a Close frame"));
            if frame.opcode == 8 {
                return frame;
            }
        }
    }

    /// Waits for the end of the connection. Fails if it is reset, or if anything else
    /// arrives.
    pub async fn assert_clean_end(&mut self) {
        match timeout(TIMEOUT, self.0.read_u8()).await.unwrap() {
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}"),
            Ok(byte) => panic!("received {byte:#x} after the Close frame"),
        }
        // A reset may follow: the server closes its socket with unread bytes.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let error = self.0.take_error().unwrap();
        assert!(error.is_none(), "{error:?}");
    }

    /// Reads the head of a response and returns its status.
    pub async fn status(&mut self) -> u16 {
        self.head().await.0
    }

    /// Reads the head of a response. Returns its status, and the head in lower case.
    pub async fn head(&mut self) -> (u16, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(TIMEOUT, self.0.read_u8()).await.unwrap().unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head)
    }

    /// Sends a request and returns the status and the whole response.
    pub async fn exchange(server: &Server, request: &[u8]) -> (u16, String) {
        let mut client = Self::connect(server).await;
        client.write(request).await;
        let mut response = Vec::new();
        timeout(TIMEOUT, client.0.read_to_end(&mut response))
            .await
            .unwrap()
            .unwrap();
        let response = String::from_utf8_lossy(&response).into_owned();
        let status = response
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok());
        (status.unwrap_or_else(|| panic!("{response}")), response)
    }
}
