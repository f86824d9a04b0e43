use std::sync::Arc;
use std::time::Duration;

use votify_core::{AccountStore, Rate};

use crate::accounts::PasswordHashing;

/// The longest token lifetime: that of a cookie in browsers (RFC 6265bis).
const MAX_LIFETIME: Duration = Duration::from_secs(400 * 24 * 3600);

/// Settings of Votify's own accounts, for
/// [`VotifyRouter::accounts`](crate::VotifyRouter::accounts).
///
/// ```
/// use std::time::Duration;
///
/// use votify_axum::{Accounts, VotifyRouter};
/// use votify_core::{MemoryAccountStore, MemoryStore, PollEngine, Rate};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let accounts = Accounts::new(MemoryAccountStore::new())
///     .token_lifetime(Duration::from_secs(24 * 3600))
///     .register_rate(Rate::per_minute(20));
/// let engine = PollEngine::new(MemoryStore::new());
/// let app: axum::Router = VotifyRouter::new(engine).accounts(accounts).build();
/// # let _ = app;
/// # }
/// ```
///
/// # Tokens
///
/// Registering and logging in return a JSON Web Token, and set it as a cookie. Tokens are
/// signed with HMAC-SHA-256. The key is derived from the newest secret of the engine's
/// [`Keyring`](votify_core::Keyring), whose id is the token's `kid`. A token stays valid
/// while its secret is in the keyring.
///
/// Logging out revokes the token: immediately on the server that answers, and within 5 s
/// on all others. A server caches for 5 s that a token is not revoked.
/// Changing the password (`POST /api/auth/password`, or
/// [`AccountStore::change_password`] in the host's code) revokes all earlier tokens of a
/// user: immediately on the server that answers, and within 5 s on all others.
///
/// # Passwords
///
/// Passwords are hashed with argon2id, a few at a time, on threads of their own. The
/// threads end when the router is dropped. See [`PasswordHashing`].
#[derive(Debug, Clone)]
pub struct Accounts {
    pub(super) store: Arc<dyn AccountStore>,
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) token_lifetime: Duration,
    pub(super) hashing: PasswordHashing,
    pub(super) login_rate: Option<Rate>,
    pub(super) address_login_rate: Option<Rate>,
    pub(super) register_rate: Option<Rate>,
}

impl Accounts {
    /// Stores accounts in `store`, with all other settings at their defaults.
    #[must_use]
    pub fn new(store: impl AccountStore) -> Self {
        Self {
            store: Arc::new(store),
            issuer: "votify".to_owned(),
            audience: "votify".to_owned(),
            token_lifetime: Duration::from_secs(7 * 24 * 3600),
            hashing: PasswordHashing::default(),
            login_rate: Some(Rate::per_minute(10)),
            address_login_rate: Some(Rate::per_minute(300)),
            register_rate: Some(Rate::per_minute(100)),
        }
    }

    /// Sets the issuer of tokens (`iss`). Defaults to `votify`.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// Sets the audience of tokens (`aud`). Defaults to `votify`.
    ///
    /// Two services that share a secret by mistake reject each other's tokens if the
    /// audiences differ.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Sets the lifetime of tokens in whole seconds, from 1 s to 400 days. Defaults to 7
    /// days.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        let lifetime = lifetime.clamp(Duration::from_secs(1), MAX_LIFETIME);
        self.token_lifetime = Duration::from_secs(lifetime.as_secs());
        self
    }

    /// Sets the cost of hashing a password.
    #[must_use]
    pub fn hashing(mut self, hashing: PasswordHashing) -> Self {
        self.hashing = hashing;
        self
    }

    /// Limits login attempts per address and user name, including successful ones, and
    /// attempts to change the password per user. `None` is no limit. Defaults to 10 in
    /// 60 s.
    #[must_use]
    pub fn login_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.login_rate = rate.into();
        self
    }

    /// Limits login attempts per address, for all user names together. `None` is no
    /// limit. Defaults to 300 in 60 s.
    #[must_use]
    pub fn address_login_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.address_login_rate = rate.into();
        self
    }

    /// Limits registrations per address. `None` is no limit. Defaults to 100 in 60 s,
    /// enough for a lecture room behind one address.
    ///
    /// A person with many accounts has many votes in `account` polls. This rate bounds
    /// their number.
    #[must_use]
    pub fn register_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.register_rate = rate.into();
        self
    }
}
