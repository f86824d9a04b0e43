use std::fmt;

/// TLS settings of the connections to the brokers. The names of brokers are always
/// verified.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// The trusted root certificates (PEM). Defaults to those of the system.
    pub root_certificates: Option<String>,
    /// The file with the trusted root certificates (PEM), if
    /// [`root_certificates`](Self::root_certificates) is `None`.
    pub root_certificates_file: Option<String>,
}

/// The mechanism of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SaslMechanism {
    /// SCRAM-SHA-512. Proves the password without sending it.
    #[default]
    ScramSha512,
    /// SCRAM-SHA-256. Proves the password without sending it.
    ScramSha256,
    /// PLAIN. Sends the password, so it requires TLS.
    Plain,
}

impl SaslMechanism {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
        }
    }
}

/// A login at the brokers. `Debug` prints no password.
#[derive(Clone)]
pub struct Sasl {
    pub(crate) mechanism: SaslMechanism,
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Sasl {
    /// Creates a login.
    #[must_use]
    pub fn new(
        mechanism: SaslMechanism,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        Self {
            mechanism,
            user: user.into(),
            password: password.into(),
        }
    }
}

impl fmt::Debug for Sasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sasl")
            .field("mechanism", &self.mechanism)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
