use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use votify_sqlx::sqlx::postgres::PgConnectOptions;

/// A TCP proxy to a server that can stop forwarding without closing connections.
pub(super) struct FreezingProxy {
    address: SocketAddr,
    frozen: watch::Sender<u32>,
    _tasks: JoinSet<()>,
}

impl FreezingProxy {
    pub(super) async fn new(server: &PgConnectOptions) -> Self {
        let target = format!("{}:{}", server.get_host(), server.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let frozen = watch::Sender::new(0);
        let (mut tasks, target) = (JoinSet::new(), Arc::new(target));
        let freezes = frozen.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let (target, mut freezes) = (Arc::clone(&target), freezes.subscribe());
                connections.spawn(async move {
                    let mut server = TcpStream::connect(&*target).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        // Keeps both sockets open.
                        _ = freezes.changed() => std::future::pending::<()>().await,
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

    /// Returns the server's options with the proxy's address.
    pub(super) fn route(&self, server: &PgConnectOptions) -> PgConnectOptions {
        let host = self.address.ip().to_string();
        server.clone().host(&host).port(self.address.port())
    }

    /// Stops forwarding on all current connections. New connections are forwarded.
    pub(super) fn freeze(&self) {
        self.frozen.send_modify(|times| *times += 1);
    }
}
