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

use crate::serve::answer::noted;
use crate::serve::line::{Lines, OpenLine, Order};
use crate::serve::socket::Socket;

/// How long at least, and twice as long at most, a client may take to send a request's head, and may keep an idle connection: longer
/// than proxies commonly keep theirs (60 s), so that none sends a request on a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(75);

/// How long a client may leave unacknowledged what it was sent: an event stream that nobody reads ends by it.
#[cfg(target_os = "linux")]
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// How many clients may wait to be taken in, as far as the system allows: a crowd that comes all at once waits here, instead of
/// trying again a second later.
const BACKLOG: u32 = 4_096;

/// The most bytes of a request's head, and of what is read ahead.
const READ_BUFFER: usize = 16 * 1024;

/// The clients' connections: at most so many at a time; further ones wait in the listener's backlog.
#[derive(Debug)]
pub(super) struct Connections {
    app: Router,
    places: Arc<Semaphore>,
    sockets: TaskTracker,
    lines: Arc<Lines>,
}

impl Connections {
    pub(super) fn new(app: Router, most: usize) -> Self {
        Self {
            app,
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            sockets: TaskTracker::new(),
            lines: Arc::default(),
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
                tokio::spawn(serve(socket, peer, self.app.clone(), self.lines.open()));
            }
        };
        let watching = async {
            tokio::select! {
                () = accepting => {}
                () = self.lines.end_idle_ones(IDLE) => {}
            }
        };
        stop.run_until_cancelled(watching).await;
    }

    /// Lets every connection finish the request in hand and takes no further one on it. Ends when no request is in hand:
    /// streams and their sockets may still be open.
    pub(super) async fn finish_requests(&self) {
        self.lines.finish_requests().await;
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

/// Takes the port. Must be called within a runtime.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
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

async fn serve(socket: Socket, peer: SocketAddr, app: Router, open: OpenLine) {
    let line = &open.line;
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let in_hand = line.begin();
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().call(request);
        async move {
            let answer = answer.await.map(|response| noted(response, line));
            drop(in_hand);
            answer
        }
    });
    let connection = http1::Builder::new()
        // It would set a timer for every request. Idle connections are ended by who watches over all of them.
        .header_read_timeout(None)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut finishing = false;
    let ended = poll_fn(|cx| {
        match line.order(cx) {
            Order::GoOn => {}
            Order::Finish if finishing => {}
            Order::Finish => {
                connection.as_mut().graceful_shutdown();
                finishing = true;
            }
            Order::End => return Poll::Ready(Ok(())),
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = ended.await {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests;
