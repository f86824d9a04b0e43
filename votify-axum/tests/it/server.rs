//! An app on a TCP socket.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::browser::CreatedPoll;

/// Upper bound of every wait. Reached only if the awaited event never happens.
pub const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Server {
    pub app: App,
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(app: App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = app
            .router
            .clone()
            .into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { app, address, task }
    }

    /// Returns the path of a poll's stream.
    pub fn stream_path(poll: &CreatedPoll, query: &str) -> String {
        poll.path(&format!("/stream{query}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
