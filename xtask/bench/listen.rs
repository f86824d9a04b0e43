//! Listens as `votify serve` does: small responses are sent at once, and the backlog is
//! large.

use anyhow::{Context, Result};
use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpSocket;

/// Maximum connections that wait to be accepted.
const BACKLOG: u32 = 4_096;

/// Serves on a free port until the process is killed. Prints the address on standard
/// output.
///
/// # Errors
/// If the socket cannot listen.
pub(crate) async fn serve(routes: Router) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse().context("invalid address")?)?;
    let listener = socket.listen(BACKLOG)?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Ignored: without TCP_NODELAY the same responses only arrive later.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, routes).await?;
    Ok(())
}
