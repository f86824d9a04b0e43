//! An HTTP client that costs as little as one can: on the same cores as the server, its cost is the server's loss.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A kept connection with one request at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// A request that is written once and sent many times.
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

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The body, if the status is the one that is wanted.
    ///
    /// # Errors
    /// If it is not, or the body is something else.
    pub(crate) fn json<T: DeserializeOwned>(&self, wanted: u16) -> Result<T> {
        let text = String::from_utf8_lossy(self.body);
        ensure!(
            self.status == wanted,
            "{} instead of {wanted}: {text}",
            self.status
        );
        serde_json::from_slice(self.body).with_context(|| format!("this is no answer: {text}"))
    }
}

impl Connection {
    /// # Errors
    /// If nobody listens there.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(4096),
        })
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// If the connection breaks or the answer is not HTTP with a length.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<Answer<'_>> {
        self.received.clear();
        self.stream.write_all(&request.0).await?;
        loop {
            let read = self.stream.read_buf(&mut self.received).await?;
            ensure!(read > 0, "the server closed the connection");
            if let Some((status, body)) = head(&self.received)? {
                let end = body.1;
                if self.received.len() >= end {
                    return Ok(Answer {
                        status,
                        body: &self.received[body.0..end],
                    });
                }
            }
        }
    }
}

/// Status, and where the body begins and ends; `None` while the head is incomplete.
fn head(received: &[u8]) -> Result<Option<(u16, (usize, usize))>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begin) = response.parse(received)? else {
        return Ok(None);
    };
    let length = response
        .headers
        .iter()
        .find(|one| one.name.eq_ignore_ascii_case("content-length"));
    let Some(length) = length else {
        bail!("an answer without a length")
    };
    let length: usize = std::str::from_utf8(length.value)?.trim().parse()?;
    Ok(Some((
        response.code.context("no status")?,
        (begin, begin + length),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(
            head(text).unwrap(),
            Some((201, (text.len() - 2, text.len())))
        );
        assert_eq!(head(&text[..30]).unwrap(), None);
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
