//! How servers of this program listen: as `votify serve` does, with small answers that leave at once and room for a crowd.

use anyhow::{Context, Result};
use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpSocket;

/// How many clients may wait to be accepted.
const BACKLOG: u32 = 4_096;

/// Serves on a free port, which it tells, until the process is ended.
///
/// # Errors
/// If it cannot listen.
pub(crate) async fn serve(routes: Router) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse().context("no address")?)?;
    let listener = socket.listen(BACKLOG)?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Without it the same answers come later, and that is all.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, routes).await?;
    Ok(())
}
