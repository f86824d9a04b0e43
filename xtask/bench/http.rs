//! A minimal HTTP/1.1 client. It shares the processors with the measured server, so its
//! own cost lowers the results.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A persistent connection with one request at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// A request that is built once and sent many times.
#[derive(Debug, Clone)]
pub(crate) struct Request(pub(crate) Vec<u8>);

impl Request {
    pub(crate) fn new(method: &str, path: &str, body: &str) -> Self {
        let length = body.len();
        Self(
            format!(
                "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\n\r\n{body}"
            )
            .into_bytes(),
        )
    }
}

/// Status and body of a response.
#[derive(Debug)]
pub(crate) struct Response<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Response<'_> {
    /// # Errors
    /// If the status is not `expected`.
    pub(crate) fn expect_status(&self, expected: u16) -> Result<()> {
        ensure!(
            self.status == expected,
            "unexpected status {}, expected {expected}: {}",
            self.status,
            String::from_utf8_lossy(self.body)
        );
        Ok(())
    }

    /// Parses the body if the status is `expected`.
    ///
    /// # Errors
    /// If the status differs, or the body is not a `T`.
    pub(crate) fn json<T: DeserializeOwned>(&self, expected: u16) -> Result<T> {
        self.expect_status(expected)?;
        serde_json::from_slice(self.body)
            .with_context(|| format!("unexpected body: {}", String::from_utf8_lossy(self.body)))
    }
}

impl Connection {
    /// # Errors
    /// If the address refuses the connection.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(4096),
        })
    }

    /// Sends a request and waits for its response.
    ///
    /// # Errors
    /// If the connection breaks, or the response is not HTTP with a content length.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<Response<'_>> {
        self.received.clear();
        self.stream.write_all(&request.0).await?;
        loop {
            let read = self.stream.read_buf(&mut self.received).await?;
            ensure!(read > 0, "connection closed by the server");
            if let Some((status, body)) = parse_head(&self.received)? {
                let end = body.1;
                if self.received.len() >= end {
                    return Ok(Response {
                        status,
                        body: &self.received[body.0..end],
                    });
                }
            }
        }
    }
}

/// Returns the status and the bounds of the body, or `None` while the head is incomplete.
fn parse_head(received: &[u8]) -> Result<Option<(u16, (usize, usize))>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = response.parse(received)? else {
        return Ok(None);
    };
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let Some(length) = length else {
        bail!("response without content-length")
    };
    let length: usize = std::str::from_utf8(length.value)?.trim().parse()?;
    Ok(Some((
        response.code.context("response without a status")?,
        (start, start + length),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_parsed_once_complete() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(
            parse_head(text).unwrap(),
            Some((201, (text.len() - 2, text.len())))
        );
        assert_eq!(parse_head(&text[..30]).unwrap(), None);
        assert!(parse_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
