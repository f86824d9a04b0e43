use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{Client, ConnectionInfo, cmd};

use crate::error::Error;

/// After how long a silence the operating system asks whether the other side is still there.
const SILENCE: Duration = Duration::from_secs(10);

/// Where to connect to, and how.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) client: Client,
    /// How long connecting, and each call, may take.
    pub(super) timeout: Duration,
    #[cfg(all(feature = "tls", feature = "cluster"))]
    pub(super) certificates: Option<redis::TlsCertificates>,
}

impl Target {
    /// # Errors
    /// If the settings do not go together.
    pub(super) fn new(
        info: ConnectionInfo,
        timeout: Duration,
        #[cfg(feature = "tls")] certificates: Option<&redis::TlsCertificates>,
    ) -> Result<Self, Error> {
        let info = info.set_tcp_settings(tcp_settings());
        #[cfg(feature = "tls")]
        let client = {
            // Else rustls could not choose where a program holds several of them. It is no fault if the host has chosen.
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

    /// Host and port, for logs.
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
        .with_time(SILENCE)
        .with_interval(SILENCE / 4);
    TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keepalive)
}

pub(super) async fn is_in_cluster(connection: &mut MultiplexedConnection) -> Result<bool, Error> {
    let mut info = cmd("INFO");
    let info: String = info.arg("cluster").query_async(connection).await?;
    Ok(info.lines().any(|line| line.trim() == "cluster_enabled:1"))
}
