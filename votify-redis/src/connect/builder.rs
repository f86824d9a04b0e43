use std::fmt;
use std::time::Duration;

use redis::ConnectionInfo;

use super::Redis;
use super::prefix::Prefix;
use super::target::Target;
use crate::error::{ConnectError, Error};
use crate::url;

/// Says how to connect; made by [`Redis::builder`]. `Debug` shows no password.
pub struct RedisBuilder {
    info: Result<ConnectionInfo, Error>,
    prefix: Result<Prefix, Error>,
    timeout: Duration,
    #[cfg(feature = "tls")]
    certificates: Option<redis::TlsCertificates>,
}

impl RedisBuilder {
    pub(super) fn from_url(url: &str) -> Self {
        Self::of(url::read(url))
    }

    pub(super) fn from_client(client: redis::Client) -> Self {
        let info = client.get_connection_info().clone();
        drop(client);
        Self::of(Ok(url::with_resp3(info)))
    }

    fn of(info: Result<ConnectionInfo, Error>) -> Self {
        Self {
            info,
            prefix: Ok(Prefix::default()),
            timeout: Redis::DEFAULT_TIMEOUT,
            #[cfg(feature = "tls")]
            certificates: None,
        }
    }

    /// What names begin with, as [`Redis::with_prefix`] says.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Prefix::read(prefix);
        self
    }

    /// How long a call, and connecting, may take: between 10 milliseconds and a minute, else the nearest of those. One node of
    /// a cluster may take a quarter of it to connect to, so that the others do not wait for one that is away.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.clamp(Duration::from_millis(10), Duration::from_secs(60));
        self
    }

    /// Trusts servers with a certificate that follows from these (PEM), in place of those that the system trusts.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates().root_cert = Some(pem.into());
        self
    }

    /// Shows this certificate to the server (PEM), with its key.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn client_certificate(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.certificates().client_tls = Some(redis::ClientTlsConfig {
            client_cert: certificate.into(),
            client_key: key.into(),
        });
        self
    }

    /// Connects.
    ///
    /// # Errors
    /// As [`Redis::connect`].
    pub async fn connect(self) -> Result<Redis, ConnectError> {
        let connecting = async {
            let target = Target::new(
                self.info?,
                self.timeout,
                #[cfg(feature = "tls")]
                self.certificates.as_ref(),
            )?;
            Redis::open(target, self.prefix?).await
        };
        connecting.await.map_err(Error::into_connect_error)
    }

    #[cfg(feature = "tls")]
    fn certificates(&mut self) -> &mut redis::TlsCertificates {
        self.certificates.get_or_insert(redis::TlsCertificates {
            client_tls: None,
            root_cert: None,
        })
    }
}

impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.info.as_ref().map(|info| info.addr().to_string());
        f.debug_struct("RedisBuilder")
            .field("address", &address.ok())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
