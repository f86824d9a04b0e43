use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::serve::address_limit::AddressPermit;
use crate::serve::connection_state::ConnectionState;

/// The maximum time that sent bytes of a stream may stay unacknowledged. Streams send so
/// little that a client that is gone would otherwise hold one for many minutes.
///
/// Not for whole responses: Linux also counts the time in which a slow reader's window is
/// smaller than the next segment, although the client reads.
#[cfg(target_os = "linux")]
const TCP_USER_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// The same for what a closed socket still holds. Without it, a client that acknowledges but
/// reads nothing keeps it in the kernel for minutes, without a permit.
#[cfg(target_os = "linux")]
const CLOSED_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

/// A client's socket that holds its permits until it is closed. A WebSocket keeps the
/// socket after its HTTP connection has ended.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    state: Arc<ConnectionState>,
    /// True once the socket has a timeout for a stream.
    has_stream_timeout: bool,
    _open: TaskTrackerToken,
    _permit: OwnedSemaphorePermit,
    _address: AddressPermit,
}

impl Socket {
    pub(super) const fn new(
        stream: TcpStream,
        state: Arc<ConnectionState>,
        open: TaskTrackerToken,
        permit: OwnedSemaphorePermit,
        address: AddressPermit,
    ) -> Self {
        Self {
            stream,
            state,
            has_stream_timeout: false,
            _open: open,
            _permit: permit,
            _address: address,
        }
    }

    fn set_stream_timeout(&mut self) {
        if self.has_stream_timeout || !self.state.is_streaming() {
            return;
        }
        self.has_stream_timeout = true;
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&self.stream).set_tcp_user_timeout(Some(TCP_USER_TIMEOUT));
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.set_stream_timeout();
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.state.record_write(written.is_ready());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.set_stream_timeout();
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.state.record_write(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        {
            let socket = socket2::SockRef::from(&self.stream);
            // The client did not accept all: it was too slow, or a WebSocket waited for it
            // too long. The reset discards the rest.
            if self.state.is_write_waiting() {
                let _ = socket.set_linger(Some(std::time::Duration::ZERO));
            } else {
                let _ = socket.set_tcp_user_timeout(Some(CLOSED_TIMEOUT));
            }
        }
    }
}
