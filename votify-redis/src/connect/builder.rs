use std::fmt;
use std::time::Duration;

use redis::ConnectionInfo;

use super::Redis;
use super::prefix::Prefix;
use super::target::Target;
use crate::error::{ConnectError, Error};
use crate::url;

/// Configures a connection to Redis. Created by [`Redis::builder`].
///
/// `Debug` prints no password.
///
/// ```no_run
/// use std::time::Duration;
/// use votify_redis::Redis;
///
/// # async fn run() -> Result<(), votify_redis::ConnectError> {
/// let redis = Redis::builder("redis://localhost:6379")
///     .prefix("app:votify")
///     .timeout(Duration::from_millis(500))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
pub struct RedisBuilder {
    info: Result<ConnectionInfo, Error>,
    prefix: Result<Prefix, Error>,
    timeout: Duration,
    #[cfg(feature = "tls")]
    certificates: Option<redis::TlsCertificates>,
}

impl RedisBuilder {
    pub(super) fn from_url(url: &str) -> Self {
        Self::new(url::parse(url))
    }

    pub(super) fn from_client(client: redis::Client) -> Self {
        let info = client.get_connection_info().clone();
        drop(client);
        Self::new(Ok(url::with_resp3(info)))
    }

    fn new(info: Result<ConnectionInfo, Error>) -> Self {
        Self {
            info,
            prefix: Ok(Prefix::default()),
            timeout: Redis::DEFAULT_TIMEOUT,
            #[cfg(feature = "tls")]
            certificates: None,
        }
    }

    /// Sets the prefix of all keys and channels. Defaults to `votify`.
    ///
    /// [`connect`](Self::connect) fails if the prefix breaks the rules of
    /// [`Redis::with_prefix`].
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Prefix::parse(prefix);
        self
    }

    /// Sets the timeout of a call and of connecting. Defaults to 2 s.
    ///
    /// Values outside of 10 ms to 60 s are clamped. Connecting to one node of a cluster
    /// may take a quarter of the timeout, so that an unreachable node does not block the
    /// others.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.clamp(Duration::from_millis(10), Duration::from_secs(60));
        self
    }

    /// Sets the trusted root certificates (PEM). They replace those of the system.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates().root_cert = Some(pem.into());
        self
    }

    /// Sets the client certificate and its private key (both PEM).
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

    /// Connects to the server or cluster.
    ///
    /// # Errors
    /// Same as [`Redis::connect`]. An invalid prefix is [`ConnectError::Failed`].
    pub async fn connect(self) -> Result<Redis, ConnectError> {
        let connect = async {
            let target = Target::new(
                self.info?,
                self.timeout,
                #[cfg(feature = "tls")]
                self.certificates.as_ref(),
            )?;
            Redis::open(target, self.prefix?).await
        };
        connect.await.map_err(Error::into_connect_error)
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
