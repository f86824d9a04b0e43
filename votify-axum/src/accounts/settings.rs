use std::sync::Arc;
use std::time::Duration;

use votify_core::{AccountStore, Quota};

use crate::accounts::PasswordHashing;

/// Accounts of Votify's own, and what can be set about them; for [`VotifyRouter::accounts`](crate::VotifyRouter::accounts).
///
/// # Tokens
///
/// Whoever registers or logs in gets a JSON Web Token, and the same as a cookie. Tokens are signed with HMAC-SHA-256 under a
/// key that is derived from the newest secret of the engine's [`Keyring`](votify_core::Keyring) and named by its id (`kid`); a
/// token of an older secret holds as long as that secret is in the ring. Logging out revokes it: at once where that happened,
/// within 5 seconds everywhere else, because what was found not to be revoked is believed for that long.
///
/// # Passwords
///
/// They are hashed with argon2id, a few at a time on threads of their own, which end when the router does; see
/// [`PasswordHashing`].
#[derive(Debug, Clone)]
pub struct Accounts {
    pub(super) store: Arc<dyn AccountStore>,
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) lifetime: Duration,
    pub(super) hashing: PasswordHashing,
    pub(super) login_quota: Option<Quota>,
    pub(super) address_quota: Option<Quota>,
    pub(super) register_quota: Option<Quota>,
}

impl Accounts {
    /// Accounts in `store`, with everything else as it is by default.
    #[must_use]
    pub fn new(store: impl AccountStore) -> Self {
        Self {
            store: Arc::new(store),
            issuer: "votify".to_owned(),
            audience: "votify".to_owned(),
            lifetime: Duration::from_secs(7 * 24 * 3600),
            hashing: PasswordHashing::default(),
            login_quota: Some(Quota::per_minute(10)),
            address_quota: Some(Quota::per_minute(300)),
            register_quota: Some(Quota::per_minute(100)),
        }
    }

    /// Who tokens say they are from (`iss`). Default `votify`.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// Whom tokens say they are for (`aud`). Default `votify`. Two services that share a secret by mistake do not take each
    /// other's tokens if these differ.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// How long a token holds, in whole seconds, at least one and at most 400 days. Default 7 days.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(400 * 24 * 3600));
        self.lifetime = Duration::from_secs(lifetime.clamp(least, most).as_secs());
        self
    }

    /// What hashing a password costs, and how many may be hashed at once.
    #[must_use]
    pub const fn hashing(mut self, hashing: PasswordHashing) -> Self {
        self.hashing = hashing;
        self
    }

    /// How often one address may try to log in under one name, successes included. Default 10 in 60 s; `None` is without limit.
    #[must_use]
    pub const fn login_quota(mut self, quota: Option<Quota>) -> Self {
        self.login_quota = quota;
        self
    }

    /// How often one address may try to log in under all names together. Default 300 in 60 s; `None` is without limit.
    #[must_use]
    pub const fn address_quota(mut self, quota: Option<Quota>) -> Self {
        self.address_quota = quota;
        self
    }

    /// How often one address may try to register. Default 100 in 60 s, so that a lecture room behind one address can;
    /// `None` is without limit.
    ///
    /// One person with many accounts has many votes in polls of the kind `account`: this is what they cost.
    #[must_use]
    pub const fn register_quota(mut self, quota: Option<Quota>) -> Self {
        self.register_quota = quota;
        self
    }
}
