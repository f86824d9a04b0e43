use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::serve::address_limit::AddressLimit;
use crate::serve::base_path::BasePath;
use crate::serve::connection_state::{Command, ConnectionGuard, ConnectionRegistry};
use crate::serve::half_close::{HalfClose, HalfCloseSocket};
use crate::serve::lingering_socket::LingeringSocket;
use crate::serve::response_body::track_response;
use crate::serve::socket::Socket;

/// The minimum time that a client may take to send a request's head, or keep an idle
/// connection. The maximum is twice as long. Longer than the 60 s for which proxies
/// commonly keep theirs, so that no proxy sends a request on a connection being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// The interval of checks for clients that accept nothing of a response. They are closed
/// at the 11th check, after 20 to 22 s.
const STALL_CHECK: Duration = Duration::from_secs(2);

/// The size of a socket's send buffer, of which Linux allocates twice as much. It bounds
/// what the kernel holds for a client that reads nothing: by default up to 4 MB. A socket
/// accepts more once a third of its buffer is free. So the size also decides how slowly a
/// client may read. Measured over loopback: 8 KiB/s is not closed, 4 KiB/s sometimes is.
const SEND_BUFFER: u32 = 64 * 1024;

/// The listen backlog, as far as the system allows. Clients that connect at the same
/// moment wait here, instead of retrying a second later.
const BACKLOG: u32 = 4_096;

/// The maximum size of a request's head and of the read buffer, in bytes.
const READ_BUFFER: usize = 16 * 1024;

/// The open connections. Their number is bounded; further clients wait in the listener's
/// backlog.
#[derive(Debug)]
pub(crate) struct Connections {
    app: Router,
    base_path: BasePath,
    permits: Arc<Semaphore>,
    addresses: AddressLimit,
    sockets: TaskTracker,
    registry: Arc<ConnectionRegistry>,
}

impl Connections {
    pub(crate) fn new(
        app: Router,
        base_path: BasePath,
        max_connections: usize,
        addresses: AddressLimit,
    ) -> Self {
        Self {
            app,
            base_path,
            addresses,
            permits: Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS))),
            sockets: TaskTracker::new(),
            registry: Arc::default(),
        }
    }

    /// Accepts and serves connections until `stop` is cancelled, then closes the
    /// listener.
    pub(crate) async fn accept(&self, listener: TcpListener, stop: &CancellationToken) {
        let accepting = async {
            loop {
                let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                    break;
                };
                let (stream, peer) = accept_one(&listener).await;
                if self.permits.available_permits() == 0 {
                    tracing::debug!("connection limit reached, further clients wait");
                }
                let Some(address) = self.addresses.admit(peer.ip()) else {
                    continue;
                };
                // Small answers are sent at once. An error shows at the first read.
                let _ = stream.set_nodelay(true);
                let guard = self.registry.register();
                let state = Arc::clone(&guard.state);
                let open = self.sockets.token();
                let socket = Socket::new(stream, state, open, permit, address);
                let served = (self.app.clone(), self.base_path.clone());
                tokio::spawn(serve(socket, peer, served, guard));
            }
        };
        let serving = async {
            tokio::select! {
                () = accepting => {}
                () = self.registry.close_idle(IDLE_TIMEOUT) => {}
                () = self.registry.close_stalled(STALL_CHECK) => {}
            }
        };
        stop.run_until_cancelled(serving).await;
    }

    /// Lets every connection finish its request and accepts no further one. Returns when
    /// no request is in progress. Streams may still be open.
    pub(super) async fn finish_requests(&self) {
        self.registry.finish_requests().await;
    }

    /// Waits until every connection is closed, streams included.
    pub(super) async fn closed(&self) {
        self.sockets.close();
        self.sockets.wait().await;
    }

    /// Returns the number of open connections.
    pub(super) fn open_count(&self) -> usize {
        self.sockets.len()
    }
}

/// Binds the port. Must be called within a runtime.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Accepted sockets inherit it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept_one(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if concerns_one_client(&error) => {}
            Err(error) => {
                // Most likely out of files or memory; connections that end free some.
                tracing::warn!(%error, "failed to accept a connection, retrying in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn concerns_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

async fn serve(
    socket: Socket,
    peer: SocketAddr,
    (app, base_path): (Router, BasePath),
    guard: ConnectionGuard,
) {
    let state = &guard.state;
    let half_close = HalfClose::default();
    let socket = HalfCloseSocket::new(LingeringSocket::new(socket), half_close.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let request_guard = state.begin_request();
        let mut request = half_close.track_request(request);
        base_path.remove_from(request.uri_mut());
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().call(request);
        let half_close = half_close.clone();
        async move {
            let answer = answer.await.map(|response| track_response(response, state));
            drop(request_guard);
            answer.map(|response| half_close.track_response(response))
        }
    });
    let connection = http1::Builder::new()
        // hyper would set a timer per request. `ConnectionRegistry::close_idle` closes
        // idle connections instead.
        .header_read_timeout(None)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut finishing = false;
    let closed = poll_fn(|cx| {
        match state.command(cx) {
            Command::Continue => {}
            Command::Finish if finishing => {}
            Command::Finish => {
                connection.as_mut().graceful_shutdown();
                finishing = true;
            }
            Command::Close => return Poll::Ready(Ok(())),
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = closed.await {
        tracing::debug!(%error, "connection failed");
    }
}

#[cfg(test)]
mod tests;
