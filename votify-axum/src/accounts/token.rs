//! The tokens of logged-in users: JSON Web Tokens of one form.

use std::time::Duration;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};
use votify_core::account::{IssuedToken, Revocation, TokenId, User, UserId};
use votify_core::secret::{KeyId, Mac, Purpose};
use votify_core::{Keyring, Timestamp};

use crate::identity::{LEEWAY, TokenTimes, install_crypto_provider, seconds};

/// Maximum size of a token. Issued tokens are shorter.
const MAX_BYTES: usize = 2_048;
/// The only algorithm. A token whose header names another one is invalid.
const ALGORITHM: Algorithm = Algorithm::HS256;

/// Issues and verifies tokens of one issuer and audience.
#[derive(Debug)]
pub(crate) struct Tokens {
    issuer: String,
    audience: String,
    validation: Validation,
}

/// A new token.
#[derive(Debug, Clone)]
pub(crate) struct SignedToken {
    pub(crate) text: String,
    pub(crate) expires_at: Timestamp,
}

/// A login that a token proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: UserId,
    pub(crate) token: TokenId,
    /// The user's token generation at the login.
    pub(crate) generation: u32,
    pub(crate) expires_at: Timestamp,
}

impl Login {
    pub(super) const fn issued(&self) -> IssuedToken {
        IssuedToken {
            token: self.token,
            user: self.user,
            generation: self.generation,
        }
    }

    pub(super) const fn revocation(&self) -> Revocation {
        Revocation {
            token: self.token,
            expires_at: self.expires_at,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    jti: TokenId,
    #[serde(rename = "gen")]
    generation: u32,
    iat: u64,
    exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
}

impl Tokens {
    pub(super) fn new(issuer: &str, audience: &str) -> Self {
        install_crypto_provider();
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // `verify` checks the expiry by the engine's clock. The library uses the system
        // clock.
        validation.validate_exp = false;
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            validation,
        }
    }

    /// Issues a token, signed with the newest secret. Returns `None` if signing fails.
    pub(super) fn issue(
        &self,
        user: &User,
        now: Timestamp,
        expires_at: Timestamp,
        keyring: &Keyring,
    ) -> Option<SignedToken> {
        let key = keyring.current();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user.id,
            jti: TokenId::generate(now),
            generation: user.token_generation,
            iat: seconds(now),
            exp: seconds(expires_at),
            nbf: None,
        };
        let header = Header {
            kid: Some(key.to_string()),
            ..Header::new(ALGORITHM)
        };
        let encoding_key = EncodingKey::from_secret(signing_key(key, keyring)?.as_bytes());
        let text = encode(&header, &claims, &encoding_key).ok()?;
        Some(SignedToken { text, expires_at })
    }

    /// Returns the login of a token that is valid at `now`.
    pub(super) fn verify(&self, token: &str, now: Timestamp, keyring: &Keyring) -> Option<Login> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let header_key_id = decode_header(token).ok()?.kid?;
        let key = parse_key_id(&header_key_id)?;
        let verifying_key = DecodingKey::from_secret(signing_key(key, keyring)?.as_bytes());
        let claims: Claims = decode(token, &verifying_key, &self.validation).ok()?.claims;
        let times = TokenTimes {
            issued: Some(claims.iat),
            not_before: claims.nbf,
            expires: claims.exp,
        };
        // The same server issued the token, so its expiry needs no tolerance for clock
        // differences.
        times
            .is_valid_at(now, Duration::ZERO, LEEWAY)
            .then_some(())?;
        let micros = i64::try_from(claims.exp).ok()?.checked_mul(1_000_000)?;
        Some(Login {
            user: claims.sub,
            token: claims.jti,
            generation: claims.generation,
            expires_at: Timestamp::from_micros(micros).ok()?,
        })
    }
}

/// Derives the signing key of a secret.
fn signing_key(key: KeyId, keyring: &Keyring) -> Option<Mac> {
    keyring.mac(key, Purpose::Login, &[b"jwt HS256"])
}

fn parse_key_id(text: &str) -> Option<KeyId> {
    let key = KeyId(u64::from_str_radix(text, 16).ok()?.to_be_bytes());
    (key.to_string() == text).then_some(key)
}

#[cfg(test)]
mod tests;
