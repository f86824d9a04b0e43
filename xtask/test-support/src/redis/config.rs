use std::sync::Arc;

use super::certificates::Certificates;

/// Configuration of a private Redis server. By default the server has no password and
/// writes nothing to disk.
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {
    pub(super) password: Option<String>,
    pub(super) tls: bool,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) cluster: bool,
    pub(super) settings: Vec<String>,
}

impl ServerConfig {
    /// The default configuration.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires a password, which must need no escape in a URL.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Accepts TLS connections only. The server's certificate is signed by
    /// [`Server::root_certificate`](super::Server::root_certificate).
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Writes an append-only file and syncs it `always`, `everysec` or `no`.
    #[must_use]
    pub fn append_only(self, fsync: &str) -> Self {
        self.setting("appendonly", "yes")
            .setting("appendfsync", fsync)
    }

    /// Adds a setting of `redis.conf`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push(format!("--{name}"));
        self.settings.push(value.to_owned());
        self
    }

    pub(super) fn certificates(mut self, certificates: Option<Arc<Certificates>>) -> Self {
        self.certificates = certificates;
        self
    }

    pub(super) fn cluster(mut self) -> Self {
        self.cluster = true;
        self
    }
}
