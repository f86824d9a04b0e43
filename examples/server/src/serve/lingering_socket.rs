use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Maximum time for the client to end a connection that the server has ended.
const MAX_TIME: Duration = Duration::from_secs(1);
/// Maximum number of bytes that are discarded meanwhile.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Size of the reads that discard them.
const DISCARD_BYTES: usize = 16 * 1024;

/// A socket whose end waits for the client's.
///
/// Closing a socket with unread bytes resets the connection, and a client that is still
/// sending may lose the answer. The router discards the bodies that it refuses; this
/// covers what it never sees, such as the rest of a head that is too long.
#[derive(Debug)]
pub(super) struct LingeringSocket<S> {
    socket: S,
    /// Set once the server has ended its side.
    linger: Option<Linger>,
}

#[derive(Debug)]
struct Linger {
    end: Pin<Box<Sleep>>,
    buffer: Box<[u8]>,
    left: usize,
}

impl<S> LingeringSocket<S> {
    pub(super) const fn new(socket: S) -> Self {
        Self {
            socket,
            linger: None,
        }
    }
}

impl Linger {
    fn start() -> Self {
        Self {
            end: Box::pin(sleep(MAX_TIME)),
            buffer: vec![0; DISCARD_BYTES].into(),
            left: MAX_BYTES,
        }
    }

    /// Discards what arrives, until the client ends the connection or a limit is reached.
    fn poll_discard(&mut self, socket: Pin<&mut impl AsyncRead>, cx: &mut Context<'_>) -> Poll<()> {
        let mut socket = socket;
        while self.left > 0 && self.end.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut self.buffer);
            let read = ready!(socket.as_mut().poll_read(cx, &mut buffer));
            let length = buffer.filled().len();
            if read.is_err() || length == 0 {
                break;
            }
            self.left = self.left.saturating_sub(length);
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LingeringSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for LingeringSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut socket = Pin::new(&mut this.socket);
        let linger = match &mut this.linger {
            Some(linger) => linger,
            none => {
                ready!(socket.as_mut().poll_shutdown(cx))?;
                none.insert(Linger::start())
            }
        };
        ready!(linger.poll_discard(socket, cx));
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_for_the_client_within_bounds() {
        let (mut client, server) = duplex(64);
        let mut server = LingeringSocket::new(server);
        let ending = tokio::spawn(async move {
            let start = Instant::now();
            server.shutdown().await.unwrap();
            start.elapsed()
        });
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
        client.write_all(&[0; 4096]).await.unwrap();
        drop(client);
        assert!(ending.await.unwrap() < MAX_TIME);

        let (_silent, server) = duplex(64);
        let start = Instant::now();
        LingeringSocket::new(server).shutdown().await.unwrap();
        assert!((MAX_TIME..2 * MAX_TIME).contains(&start.elapsed()));

        let (mut endless, server) = duplex(1024 * 1024);
        let sending =
            tokio::spawn(async move { while endless.write_all(&[0; 64 * 1024]).await.is_ok() {} });
        LingeringSocket::new(server).shutdown().await.unwrap();
        sending.await.unwrap();
    }
}
