use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{Client, ConnectionInfo, cmd};

use crate::error::Error;

/// Idle time after which the operating system sends the first TCP keepalive probe. Far
/// below the idle timeouts of common firewalls and NATs, which start at 60 s.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// The address of a server and the settings of its connections.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) client: Client,
    /// Timeout of connecting and of each call.
    pub(super) timeout: Duration,
    #[cfg(all(feature = "tls", feature = "cluster"))]
    pub(super) certificates: Option<redis::TlsCertificates>,
}

impl Target {
    /// Creates a target from connection settings.
    ///
    /// # Errors
    /// - [`Error::Driver`]: the settings contradict each other, or a certificate is
    ///   invalid; correct them.
    pub(super) fn new(
        info: ConnectionInfo,
        timeout: Duration,
        #[cfg(feature = "tls")] certificates: Option<&redis::TlsCertificates>,
    ) -> Result<Self, Error> {
        let info = info.set_tcp_settings(tcp_settings());
        #[cfg(feature = "tls")]
        let client = {
            // rustls cannot choose by itself if a program links several providers. The
            // call fails harmlessly if the host has installed one.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            match certificates {
                Some(certificates) => Client::build_with_tls(info, certificates.clone())?,
                None => Client::open(info)?,
            }
        };
        #[cfg(not(feature = "tls"))]
        let client = Client::open(info)?;
        Ok(Self {
            client,
            timeout,
            #[cfg(all(feature = "tls", feature = "cluster"))]
            certificates: certificates.cloned(),
        })
    }

    /// Returns host and port, for logs.
    pub(super) fn address(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    pub(super) fn password(&self) -> Option<&str> {
        self.client
            .get_connection_info()
            .redis_settings()
            .password()
    }
}

pub(super) fn tcp_settings() -> TcpSettings {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE / 4);
    TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keepalive)
}

/// Returns true if the server runs in cluster mode.
pub(super) async fn is_in_cluster(connection: &mut MultiplexedConnection) -> Result<bool, Error> {
    let mut info = cmd("INFO");
    let info: String = info.arg("cluster").query_async(connection).await?;
    Ok(info.lines().any(|line| line.trim() == "cluster_enabled:1"))
}
