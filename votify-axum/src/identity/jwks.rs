//! Users of an external issuer: tokens that the issuer's published keys verify.

mod claims;
mod key_set_cache;
mod keys;
mod rejection;
mod source;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::request::Parts;
use jsonwebtoken::{Validation, decode, decode_header};
use votify_core::backend::LogThrottle;
use votify_core::voter::AccountId;
use votify_core::{Clock, SystemClock};

use self::claims::Claims;
use self::key_set_cache::{KeyLookup, KeySetCache};
use self::keys::Key;
use self::rejection::Rejection;
use self::source::Source;
use crate::identity::{Identity, IdentityError, LEEWAY, bearer, install_crypto_provider};

/// Maximum size of a token.
pub(super) const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Maximum size of an account name.
const MAX_ACCOUNT_BYTES: usize = 255;

/// An [`Identity`] for the bearer tokens of an external issuer, such as an OpenID Connect
/// provider. It verifies tokens with the keys that the issuer publishes as a JSON Web Key
/// Set.
///
/// # Tokens
///
/// A token is valid if all of these hold:
///
/// - Its type (`typ`), if it has one, is `JWT` or `at+jwt`.
/// - It names a key of the set (`kid`), and is signed with that key and that key's
///   algorithm.
/// - It is from the issuer (`iss`), for the audience (`aud`) and not expired (`exp`).
/// - `nbf` and `iat`, if present, are not in the future.
///
/// # Keys
///
/// Supported keys are RSA keys of at least 2048 bits for `RS256`, P-256 keys for `ES256`
/// and Ed25519 keys for `EdDSA`. Other keys and keys without an id are ignored. Symmetric
/// keys are never used. The algorithm in a token's header must be that of the key.
///
/// # Fetching
///
/// Keys are fetched on first use and when they are older than [`max_age`](Self::max_age).
/// A token with an unknown key id also causes a fetch, at most every
/// [`min_refetch_interval`](Self::min_refetch_interval). One request fetches; others wait
/// for it. While the issuer is unavailable, cached keys stay in use, and tokens with an
/// unknown key id are answered 503.
///
/// ```no_run
/// use votify_axum::{JwksIdentity, VotifyRouter};
/// # fn with(engine: votify_core::PollEngine) -> Result<(), votify_axum::JwksError> {
/// let issuer = "https://login.example.org";
/// let keys = "https://login.example.org/.well-known/jwks.json";
/// let users = JwksIdentity::from_url(keys, issuer, "polls")?;
/// let router = VotifyRouter::new(engine).identity(users);
/// # let _: axum::Router = router.build();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct JwksIdentity {
    keys: KeySetCache,
    issuer: String,
    audience: String,
    claim: String,
    leeway: Duration,
    clock: Arc<dyn Clock>,
    rejections: LogThrottle,
}

/// The reason why the keys of an issuer cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// The URL is malformed.
    #[error("malformed URL of the key set")]
    InvalidUrl(#[source] url::ParseError),
    /// The URL is neither `https` nor of this machine, so an attacker on the network
    /// could replace the keys.
    #[error("the URL of the key set must be https:// or of this machine")]
    InsecureUrl,
    /// The HTTP client cannot be created, for example without TLS roots.
    #[error("failed to create an HTTP client for the key set")]
    Client(#[source] reqwest::Error),
    /// The keys cannot be fetched.
    #[error("failed to fetch the key set")]
    Fetch(#[source] reqwest::Error),
    /// The file cannot be read.
    #[error("failed to read the file of the key set")]
    File(#[source] std::io::Error),
    /// The key set is larger than the maximum, in bytes.
    #[error("the key set is larger than {0} bytes")]
    TooLarge(usize),
    /// The content is not a JSON Web Key Set.
    #[error("malformed JSON Web Key Set")]
    Parse(#[source] serde_json::Error),
    /// The key set contains no supported key with an id.
    #[error("the key set contains no key for RS256, ES256 or EdDSA with an id")]
    NoUsableKey,
}

impl JwksIdentity {
    /// Accepts tokens of `issuer` for `audience`, verified by the keys at a URL. The keys
    /// are fetched on first use.
    ///
    /// # Errors
    /// - [`JwksError::InvalidUrl`]: the URL is malformed.
    /// - [`JwksError::InsecureUrl`]: the URL is neither `https` nor of this machine.
    /// - [`JwksError::Client`]: the HTTP client cannot be created.
    pub fn from_url(
        url: &str,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self, JwksError> {
        let keys = KeySetCache::new(Source::url(url)?);
        Ok(Self::with(keys, issuer.into(), audience.into()))
    }

    /// Accepts tokens of `issuer` for `audience`, verified by the keys in a file. The
    /// file is read here, and again as a URL would be. Blocks while it reads the file.
    ///
    /// # Errors
    /// - [`JwksError::File`]: the file cannot be read.
    /// - [`JwksError::TooLarge`]: the file is larger than 256 KiB.
    /// - [`JwksError::Parse`]: the file is not a JSON Web Key Set.
    /// - [`JwksError::NoUsableKey`]: the file contains no supported key.
    pub fn from_file(
        path: impl AsRef<Path>,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self, JwksError> {
        let source = Source::file(path.as_ref());
        let keys = source.read_file()?;
        let keys = KeySetCache::with_keys(source, keys);
        Ok(Self::with(keys, issuer.into(), audience.into()))
    }

    fn with(keys: KeySetCache, issuer: String, audience: String) -> Self {
        install_crypto_provider();
        Self {
            keys,
            issuer,
            audience,
            claim: "sub".to_owned(),
            leeway: LEEWAY,
            clock: Arc::new(SystemClock),
            rejections: LogThrottle::default(),
        }
    }

    /// Sets the claim that is the account: a string of 1 to 255 bytes that never changes.
    /// Defaults to `sub`.
    #[must_use]
    pub fn claim(mut self, claim: impl Into<String>) -> Self {
        self.claim = claim.into();
        self
    }

    /// Sets the accepted difference between the issuer's clock and this server's. At most
    /// 5 min. Defaults to 1 min.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.min(Duration::from_secs(300));
        self
    }

    /// Sets the minimum time between two fetches for unknown key ids. Defaults to 30 s.
    ///
    /// Anybody can send a token with an unknown key id, and so cause a fetch at this
    /// rate.
    #[must_use]
    pub fn min_refetch_interval(mut self, interval: Duration) -> Self {
        self.keys.min_refetch_interval = interval;
        self
    }

    /// Sets the age after which keys are fetched again, so that withdrawn keys expire.
    /// Defaults to 1 h.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.keys.max_age = age;
        self
    }

    /// Sets the timeout of a fetch. At least 1 ms. Defaults to 5 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.keys.timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// Sets the clock. Defaults to [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the issuer of the tokens.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the account of a valid token.
    pub(super) async fn verify(&self, token: &str) -> Result<AccountId, IdentityError> {
        self.check(token).await.map_err(|rejection| {
            if let Rejection::KeysUnavailable = rejection {
                return IdentityError::Unavailable;
            }
            if let Some(tokens) = self.rejections.record_failure() {
                let issuer = self.issuer.as_str();
                tracing::info!(tokens, issuer, %rejection, "rejected a token of the issuer");
            }
            IdentityError::Invalid
        })
    }

    async fn check(&self, token: &str) -> Result<AccountId, Rejection> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejection::TooLong);
        }
        let header = decode_header(token).map_err(|_| Rejection::Malformed)?;
        if !header.typ.as_deref().is_none_or(is_access_token) {
            return Err(Rejection::Type);
        }
        let key_id = header.kid.ok_or(Rejection::NoKeyId)?;
        if !keys::ALLOWED_ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
            return Err(Rejection::Algorithm);
        }
        match self.keys.find(&key_id).await {
            KeyLookup::Found(key) => self.account_of(token, &key),
            KeyLookup::NotFound => Err(Rejection::UnknownKey),
            KeyLookup::Unavailable => Err(Rejection::KeysUnavailable),
        }
    }

    fn account_of(&self, token: &str, key: &Key) -> Result<AccountId, Rejection> {
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // `TokenTimes` checks the expiry below, by `self.clock`. The library uses the
        // system clock.
        validation.validate_exp = false;
        let claims: Claims = decode(token, &key.public, &validation)?.claims;
        let now = self.clock.now();
        if !claims.times().is_valid_at(now, self.leeway, self.leeway) {
            return Err(Rejection::Times);
        }
        let account = claims.string(&self.claim).ok_or(Rejection::Account)?;
        let has_valid_length = (1..=MAX_ACCOUNT_BYTES).contains(&account.len());
        has_valid_length
            .then(|| AccountId::new(account))
            .ok_or(Rejection::Account)
    }
}

/// Returns true for the types of tokens that log a user in. Issuers sign other tokens with
/// the same keys, such as logout tokens (RFC 8725, 3.11).
fn is_access_token(kind: &str) -> bool {
    ["jwt", "at+jwt", "application/at+jwt"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
}

#[async_trait]
impl Identity for JwksIdentity {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        match bearer(&request.headers)? {
            None => Ok(None),
            Some(token) => self.verify(token).await.map(Some),
        }
    }
}
