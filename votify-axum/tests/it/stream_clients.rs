//! Clients of WebSocket streams and of server-sent events.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::{Server, TIMEOUT};

#[derive(Debug)]
pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(server: &Server, path: &str, headers: &[(&'static str, &str)]) -> Self {
        Self::try_open(server, path, headers).await.unwrap()
    }

    /// Opens a stream, or returns the status and the body of the rejection.
    pub async fn try_open(
        server: &Server,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, (StatusCode, Value)> {
        let url = format!("ws://{}{path}", server.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match timeout(TIMEOUT, connect_async(request)).await.unwrap() {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
                Err((
                    StatusCode::from_u16(response.status().as_u16()).unwrap(),
                    json,
                ))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a stream and returns the cookie that the handshake sets.
    pub async fn open_for_cookie(server: &Server, path: &str) -> (Self, Option<String>) {
        let url = format!("ws://{}{path}", server.address);
        let connected = timeout(TIMEOUT, connect_async(url)).await.unwrap();
        let (socket, response) = connected.unwrap();
        let set = response.headers().get("set-cookie");
        let cookie = set.and_then(|set| set.to_str().unwrap().split(';').next());
        (Self(socket), cookie.map(str::to_owned))
    }

    /// Sends a short message in the same write as the handshake.
    pub async fn open_and_send(server: &Server, path: &str, text: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            server.address
        );
        // A final text frame, masked with zeros.
        let frame = [0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        let all = [head.as_bytes(), &frame, text.as_bytes()].concat();
        stream.write_all(&all).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(TIMEOUT, stream.read_u8()).await.unwrap().unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{head:?}");
        let stream = MaybeTlsStream::Plain(stream);
        Self(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }

    /// Returns the next JSON message. Skips pings.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = timeout(TIMEOUT, self.0.next()).await.unwrap();
            match message.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Returns the first message that matches.
    pub async fn next_where(&mut self, predicate: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.next().await;
            if predicate(&message) {
                return message;
            }
        }
    }

    pub async fn next_of(&mut self, kind: &str) -> Value {
        self.next_where(|message| message["type"] == kind).await
    }

    /// Returns the messages that arrive within the given time.
    pub async fn all_within(&mut self, span: Duration) -> Vec<Value> {
        let mut received = Vec::new();
        let receiving = async {
            loop {
                received.push(self.next().await);
            }
        };
        let _: Result<(), _> = timeout(span, receiving).await;
        received
    }

    pub async fn send(&mut self, message: Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        timeout(TIMEOUT, self.0.send(message))
            .await
            .unwrap()
            .unwrap();
    }

    /// Waits until the server closes the socket, and returns its close frame.
    pub async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match timeout(TIMEOUT, self.0.next()).await.unwrap() {
                Some(Ok(Message::Close(frame))) => return frame,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// One server-sent event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: Value,
}

/// A line-based reader of an event stream.
#[derive(Debug)]
pub struct EventStream {
    lines: BufReader<TcpStream>,
    pub status: u16,
    /// In lower case.
    pub headers: String,
    pub cookie: Option<String>,
    /// Skipped comments and `retry:` lines.
    pub skipped: Vec<String>,
}

impl EventStream {
    pub async fn open(server: &Server, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        // HTTP/1.0 has no chunked encoding, so the body is the event stream itself.
        let mut request = format!("GET {path} HTTP/1.0\r\nhost: {}\r\n", server.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(
                timeout(TIMEOUT, lines.read_line(&mut head))
                    .await
                    .unwrap()
                    .unwrap(),
                0,
                "{head}"
            );
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let cookie = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let value = value.split(';').next()?;
            name.eq_ignore_ascii_case("set-cookie")
                .then(|| value.to_owned())
        });
        Self {
            lines,
            status,
            cookie,
            headers: head.to_lowercase(),
            skipped: Vec::new(),
        }
    }

    /// Returns the next event, or `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        let mut event = Event::default();
        loop {
            let mut line = String::new();
            let read = timeout(TIMEOUT, self.lines.read_line(&mut line))
                .await
                .unwrap();
            if read.unwrap() == 0 {
                return None;
            }
            match line.trim_end_matches('\n').split_once(": ") {
                Some(("event", name)) => event.name = name.to_owned(),
                Some(("id", id)) => event.id = id.to_owned(),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                _ if line == "\n" && !event.name.is_empty() => return Some(event),
                _ if line == "\n" => {}
                _ => self.skipped.push(line),
            }
        }
    }

    pub async fn next_of(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap();
            assert_eq!(event.data["type"], event.name.as_str());
            if event.name == name {
                return event;
            }
        }
    }

    /// Reads to the end of the stream.
    pub async fn rest(mut self) -> String {
        let mut rest = String::new();
        timeout(TIMEOUT, self.lines.read_to_string(&mut rest))
            .await
            .unwrap()
            .unwrap();
        rest
    }
}
