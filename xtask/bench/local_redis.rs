//! A Redis server process for one figure.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Maximum time until the server accepts connections.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A Redis server without persistence. `votify serve` has no key prefix, so it would
/// leave its keys on a shared server. Dropping stops the process.
pub(crate) struct LocalRedis {
    child: Child,
    pub(crate) url: String,
    _folder: TempDir,
}

impl LocalRedis {
    /// # Errors
    /// If `redis-server` is not installed or does not start.
    pub(crate) async fn start(scratch: &Path) -> Result<Self> {
        let folder = TempDir::new_in(fs::canonicalize(scratch)?)?;
        // The kernel does not reuse the port in the moment until redis-server binds it.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", &address.port().to_string()])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let child = command
            .spawn()
            .context("cannot start redis-server; install it")?;
        let server = Self {
            child,
            url: format!("redis://{address}/"),
            _folder: folder,
        };
        let start = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            ensure!(
                start.elapsed() < START_TIMEOUT,
                "redis-server does not listen after {START_TIMEOUT:?}"
            );
            sleep(Duration::from_millis(20)).await;
        }
        Ok(server)
    }
}

impl Drop for LocalRedis {
    fn drop(&mut self) {
        // Ignored: the process may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
