use std::sync::Arc;

use super::certificates::Certificates;

/// How a server is set up; nothing is kept on disk unless told otherwise.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    pub(super) password: Option<String>,
    pub(super) tls: bool,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) cluster: bool,
    pub(super) settings: Vec<String>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Lets in only who knows the password; it must need no escape in a URL.
    pub(crate) fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Speaks nothing but TLS, with a certificate that follows from [`Server::root_certificate`](super::Server).
    pub(crate) fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Keeps an append-only file, brought to the disk `always`, `everysec` or `no`.
    pub(crate) fn append_only(self, fsync: &str) -> Self {
        self.setting("appendonly", "yes")
            .setting("appendfsync", fsync)
    }

    /// A setting as in `redis.conf`.
    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
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
