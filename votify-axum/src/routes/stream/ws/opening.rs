//! The opening handshake.
//!
//! Not axum's `WebSocketUpgrade`: its `WebSocket` does not give access to the connection,
//! and without that, unread bytes of the client reset the connection at the end
//! ([`closing`](super::closing)).

use std::future::Future;

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Parts;
use axum::response::Response;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tungstenite::handshake::server::create_response_with_body;
use tungstenite::protocol::{Role, WebSocketConfig};

/// A WebSocket over a connection of hyper.
pub(super) type WebSocket = WebSocketStream<TokioIo<Upgraded>>;

/// A valid opening handshake of a client.
pub(in crate::routes::stream) struct Upgrade {
    connection: OnUpgrade,
    response: Response,
}

impl Upgrade {
    /// Returns the handshake of a request, or `None` if it asks for no WebSocket or the
    /// connection cannot be upgraded.
    pub(in crate::routes::stream) fn of(parts: &mut Parts) -> Option<Self> {
        let mut request = Request::new(());
        request.method_mut().clone_from(&parts.method);
        *request.version_mut() = parts.version;
        request.headers_mut().clone_from(&parts.headers);
        let response = create_response_with_body(&request, Body::empty).ok()?;
        let connection = parts.extensions.remove()?;
        Some(Self {
            connection,
            response,
        })
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
