use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// A Redis server for one figure, which keeps nothing on its disk: `votify serve` takes no prefix, and would leave its keys
/// behind on any other. Ended when dropped.
pub(crate) struct OwnRedis {
    child: Child,
    pub(crate) url: String,
    _folder: TempDir,
}

impl OwnRedis {
    /// # Errors
    /// If there is no `redis-server` or it does not start.
    pub(crate) async fn start(scratch: &Path) -> Result<Self> {
        let folder = TempDir::new_in(fs::canonicalize(scratch)?)?;
        // Nobody else is given it in the moment until the server takes it.
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
            .context("there is no redis-server to start")?;
        let this = Self {
            child,
            url: format!("redis://{address}/"),
            _folder: folder,
        };
        let start = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            ensure!(start.elapsed() < PATIENCE, "redis-server does not start");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(this)
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        // It may be gone already, which is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
