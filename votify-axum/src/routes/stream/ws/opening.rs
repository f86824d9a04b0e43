//! The opening handshake.
//!
//! Not axum's `WebSocketUpgrade`: its `WebSocket` does not give access to the connection,
//! and without that, unread bytes of the client reset the connection at the end
//! ([`closing`](super::closing)).

use std::future::Future;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version, header};
use axum::response::Response;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tungstenite::handshake::server::create_response_with_body;
use tungstenite::protocol::{Role, WebSocketConfig};

use crate::error::{ErrorCode, Problem};

/// The only version of the protocol (RFC 6455, 4.1).
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// A WebSocket over a connection of hyper.
pub(super) type WebSocket = WebSocketStream<TokioIo<Upgraded>>;

/// A valid opening handshake of a client.
pub(in crate::routes::stream) struct Upgrade {
    connection: OnUpgrade,
    response: Response,
}

impl Upgrade {
    /// Returns true if a request asks for a WebSocket.
    pub(in crate::routes::stream) fn is_requested(headers: &HeaderMap) -> bool {
        lists(headers, &header::UPGRADE, "websocket")
    }

    /// Returns the handshake of a request for a WebSocket, or `None` if the connection
    /// cannot be upgraded.
    ///
    /// # Errors
    /// - `malformed_request`: the handshake is invalid.
    /// - `upgrade_required`: the version is not 13.
    pub(in crate::routes::stream) fn of(parts: &mut Parts) -> Result<Option<Self>, Problem> {
        let key = check(parts)?;
        let mut request = Request::new(());
        // One line each: tungstenite reads no lists of several lines.
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_VERSION, VERSION),
            (header::SEC_WEBSOCKET_KEY, key),
        ];
        request.headers_mut().extend(headers);
        let response = create_response_with_body(&request, Body::empty)
            .map_err(|_| malformed("Sec-WebSocket-Key must be 16 bytes in Base64"))?;
        let connection = parts.extensions.remove();
        Ok(connection.map(|connection| Self {
            connection,
            response,
        }))
    }

    /// Returns the response to the handshake, and serves the WebSocket in a task of its
    /// own.
    pub(super) fn serve<F>(
        self,
        config: WebSocketConfig,
        serve: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send,
    {
        tokio::spawn(async move {
            // An error means that the client disconnected before the response.
            if let Ok(connection) = self.connection.await {
                let io = TokioIo::new(connection);
                let socket = WebSocket::from_raw_socket(io, Role::Server, Some(config)).await;
                serve(socket).await;
            }
        });
        self.response
    }
}

/// Checks a handshake except for the value of its key (RFC 6455, 4.2.1), and returns the
/// key.
fn check(parts: &Parts) -> Result<HeaderValue, Problem> {
    if parts.method != Method::GET || parts.version != Version::HTTP_11 {
        return Err(malformed("a WebSocket is opened with GET and HTTP/1.1"));
    }
    if !lists(&parts.headers, &header::CONNECTION, "upgrade") {
        return Err(malformed(
            "a request with Upgrade: websocket needs Connection: Upgrade; a proxy in front must \
             pass on both or neither",
        ));
    }
    if only(&parts.headers, &header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(Problem::new(ErrorCode::UpgradeRequired)
            .with_detail("send the header Sec-WebSocket-Version: 13"));
    }
    let key = only(&parts.headers, &header::SEC_WEBSOCKET_KEY);
    key.cloned()
        .ok_or_else(|| malformed("a WebSocket needs exactly one Sec-WebSocket-Key"))
}

fn malformed(detail: &'static str) -> Problem {
    Problem::new(ErrorCode::MalformedRequest).with_detail(detail)
}

/// Returns the value of a header that has one line.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

/// Returns true if a header lists a token, in any case.
fn lists(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|line| {
        let tokens = line.to_str().unwrap_or_default().split(',');
        tokens
            .map(str::trim)
            .any(|one| one.eq_ignore_ascii_case(token))
    })
}
