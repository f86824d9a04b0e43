use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::serve::socket::Socket;

/// How long a client may take to send a request's head, and may keep an idle connection: longer than proxies commonly keep
/// theirs (60 s), so that none sends a request on a connection that is just being closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long a client may leave unacknowledged what it was sent: an event stream that nobody reads ends by it.
#[cfg(target_os = "linux")]
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// The most bytes of a request's head, and of what is read ahead.
const READ_BUFFER: usize = 16 * 1024;

/// The clients' connections: at most so many at a time; further ones wait in the listener's backlog.
#[derive(Debug)]
pub(super) struct Connections {
    app: Router,
    places: Arc<Semaphore>,
    sockets: TaskTracker,
    requests: TaskTracker,
    closing: CancellationToken,
}

impl Connections {
    pub(super) fn new(app: Router, most: usize) -> Self {
        Self {
            app,
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            sockets: TaskTracker::new(),
            requests: TaskTracker::new(),
            closing: CancellationToken::new(),
        }
    }

    /// Takes and serves connections until `stop`; then closes the listener.
    pub(super) async fn accept(&self, listener: TcpListener, stop: &CancellationToken) {
        let accepting = async {
            loop {
                let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                    break;
                };
                let (stream, peer) = accept_one(&listener).await;
                if self.places.available_permits() == 0 {
                    tracing::debug!("all connections are taken, further clients wait");
                }
                tune(&stream);
                let socket = Socket::new(stream, self.sockets.token(), place);
                tokio::spawn(serve(
                    socket,
                    peer,
                    self.app.clone(),
                    self.requests.clone(),
                    self.closing.clone(),
                ));
            }
        };
        stop.run_until_cancelled(accepting).await;
    }

    /// Lets every connection finish the request in hand and takes no further one on it. Ends when no request is in hand:
    /// streams and their sockets may still be open.
    pub(super) async fn finish_requests(&self) {
        self.closing.cancel();
        self.requests.close();
        self.requests.wait().await;
    }

    /// Ends when every connection is closed, streams included.
    pub(super) async fn closed(&self) {
        self.sockets.close();
        self.sockets.wait().await;
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.sockets.len()
    }
}

/// Small answers and frames leave at once, and a client that takes in nothing for a while is dropped. A connection that is
/// broken already shows it soon enough.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(STUCK_AFTER));
}

async fn accept_one(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_client(&error) => {}
            Err(error) => {
                // Out of files or memory, most likely: connections that end make room.
                tracing::warn!(%error, "cannot accept connections, trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

async fn serve(
    socket: Socket,
    peer: SocketAddr,
    app: Router,
    requests: TaskTracker,
    closing: CancellationToken,
) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let in_hand = requests.token();
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().call(request);
        async move {
            let answer = answer.await;
            drop(in_hand);
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
