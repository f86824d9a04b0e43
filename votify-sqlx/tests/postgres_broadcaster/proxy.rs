use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use votify_sqlx::sqlx::postgres::PgConnectOptions;

/// A network between a node and the server that can lose connections without telling either end.
pub(crate) struct Proxy {
    address: SocketAddr,
    frozen: watch::Sender<u32>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(server: &PgConnectOptions) -> Self {
        let target = format!("{}:{}", server.get_host(), server.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let frozen = watch::Sender::new(0);
        let (mut tasks, target) = (JoinSet::new(), Arc::new(target));
        let freezing = frozen.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let (target, mut freezing) = (Arc::clone(&target), freezing.subscribe());
                connections.spawn(async move {
                    let mut far = TcpStream::connect(&*target).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        // Both stay open, and nothing passes any more.
                        _ = freezing.changed() => std::future::pending::<()>().await,
                    }
                });
            }
        });
        Self {
            address,
            frozen,
            _tasks: tasks,
        }
    }

    /// The same server, by this way.
    pub(crate) fn route(&self, server: &PgConnectOptions) -> PgConnectOptions {
        let host = self.address.ip().to_string();
        server.clone().host(&host).port(self.address.port())
    }

    /// Loses every connection that there is. New ones are none the worse for it.
    pub(crate) fn freeze(&self) {
        self.frozen.send_modify(|times| *times += 1);
    }
}
