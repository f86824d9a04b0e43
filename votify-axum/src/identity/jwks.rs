//! Users of an outside issuer: tokens that it signs, and that its published keys verify.

mod claims;
mod keys;
mod ring;
mod source;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::request::Parts;
use jsonwebtoken::{Validation, decode, decode_header};
use votify_core::voter::AccountId;
use votify_core::{Clock, SystemClock};

use self::claims::Claims;
use self::keys::Key;
use self::ring::{Found, Ring};
use self::source::Source;
use crate::identity::{Identity, IdentityError, LEEWAY, bearer, choose_backend};

/// Longer tokens are not looked at.
const TOKEN_BYTES: usize = 8 * 1024;
/// Longer names of accounts are not taken.
const ACCOUNT_BYTES: usize = 255;

/// An [`Identity`] that takes the bearer tokens of an outside issuer (an OpenID Connect provider, for example) and verifies them
/// with the keys that it publishes as a JSON Web Key Set.
///
/// A token is taken if a key of the set that it names (`kid`) has signed it with that key's one algorithm, and if it is from the
/// issuer (`iss`), for this audience (`aud`), and not over (`exp`); `nbf` and `iat`, where they are, must not lie ahead. Keys are
/// RSA keys of 2048 bits or more for `RS256`, P-256 keys for `ES256` and Ed25519 keys for `EdDSA`; all others in the set, and all
/// without a name, are passed over. A symmetric key is never taken, and what a token's header says of its algorithm is compared
/// with the key's, never followed.
///
/// Keys are read when they are first needed, when they have become [old](Self::max_age), and, as keys are rotated, when a token
/// names one that is not known, at most [so often](Self::refresh_every). One request reads them, and others that need them wait
/// for it. While the issuer is away the keys that are known stay in use, and a token that names another one is answered 503.
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
    ring: Ring,
    issuer: String,
    audience: String,
    claim: String,
    leeway: Duration,
    clock: Arc<dyn Clock>,
}

/// Why the keys of an issuer cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// The URL cannot be read.
    #[error("the URL of the keys cannot be read")]
    InvalidUrl(#[source] url::ParseError),
    /// The keys would come over a network without protection, so that anybody on the way could bring their own.
    #[error("the keys must come from https://, or from this machine")]
    InsecureUrl,
    /// No client to fetch with.
    #[error("no connection can be set up")]
    Client(#[source] reqwest::Error),
    /// The keys could not be fetched.
    #[error("the keys cannot be fetched")]
    Fetch(#[source] reqwest::Error),
    /// The file could not be read.
    #[error("the file of the keys cannot be read")]
    File(#[source] std::io::Error),
    /// More bytes than a set of keys can have.
    #[error("the keys are larger than {0} bytes")]
    TooLarge(usize),
    /// It is no JSON Web Key Set.
    #[error("this is no JSON Web Key Set")]
    Unreadable(#[source] serde_json::Error),
    /// There is no key in it that could be used.
    #[error("there is no key for RS256, ES256 or EdDSA with a name in it")]
    NoKey,
}

impl JwksIdentity {
    /// Takes the tokens of `issuer` for `audience`, verified by the keys at a URL. It is fetched when it is first needed.
    ///
    /// # Errors
    /// If the URL makes no sense, or is neither `https` nor of this machine.
    pub fn from_url(
        url: &str,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self, JwksError> {
        let ring = Ring::new(Source::url(url)?);
        Ok(Self::with(ring, issuer.into(), audience.into()))
    }

    /// Takes the tokens of `issuer` for `audience`, verified by the keys in a file, which is read here and again as a URL would
    /// be. Blocks for as long as reading it takes.
    ///
    /// # Errors
    /// If it cannot be read, or holds no key that can be used.
    pub fn from_file(
        path: impl AsRef<Path>,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self, JwksError> {
        let source = Source::file(path.as_ref());
        let keys = source.read_file()?;
        let ring = Ring::with_keys(source, keys);
        Ok(Self::with(ring, issuer.into(), audience.into()))
    }

    fn with(ring: Ring, issuer: String, audience: String) -> Self {
        choose_backend();
        Self {
            ring,
            issuer,
            audience,
            claim: "sub".to_owned(),
            leeway: LEEWAY,
            clock: Arc::new(SystemClock),
        }
    }

    /// Which claim is the account: a text of 1 to 255 bytes that never changes. Default `sub`.
    #[must_use]
    pub fn claim(mut self, claim: impl Into<String>) -> Self {
        self.claim = claim.into();
        self
    }

    /// How far the issuer's clock and ours may be apart, at most 5 minutes. Default 1 minute.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.min(Duration::from_secs(300));
        self
    }

    /// How much time at least lies between two tries to read keys because a token names one that is not known. Default 30 s.
    /// Strangers can have them read that often.
    #[must_use]
    pub fn refresh_every(mut self, least: Duration) -> Self {
        self.ring.refresh_every = least;
        self
    }

    /// After how long keys are read anew although none is missing, so that one that was taken back ends. Default 1 hour.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.ring.max_age = age;
        self
    }

    /// How long fetching the keys may take, at least 1 millisecond. Default 5 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.ring.timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// Tells the time; the computer's clock unless told otherwise.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The account that a token proves.
    async fn verify(&self, token: &str) -> Result<AccountId, IdentityError> {
        if token.len() > TOKEN_BYTES {
            return Err(IdentityError::Invalid);
        }
        let header = decode_header(token).map_err(|_| IdentityError::Invalid)?;
        let named = header.kid.ok_or(IdentityError::Invalid)?;
        if !keys::TAKEN.contains(&header.alg) || header.crit.is_some() {
            return Err(IdentityError::Invalid);
        }
        match self.ring.find(&named).await {
            Found::Key(key) => self.account_of(token, &key).ok_or(IdentityError::Invalid),
            Found::Nothing => Err(IdentityError::Invalid),
            Found::Unknown => Err(IdentityError::Unavailable),
        }
    }

    fn account_of(&self, token: &str, key: &Key) -> Option<AccountId> {
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // By our own clock, below: this library asks the computer's.
        validation.validate_exp = false;
        let claims: Claims = decode(token, &key.public, &validation).ok()?.claims;
        let holds = claims
            .times()
            .hold(self.clock.now(), self.leeway, self.leeway);
        let account = claims.text(&self.claim).filter(|_| holds)?;
        let fits = (1..=ACCOUNT_BYTES).contains(&account.len());
        fits.then(|| AccountId::new(account))
    }
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
