//! The tokens of those who logged in: JSON Web Tokens, of one kind only.

use std::time::Duration;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};
use votify_core::account::{Revocation, TokenId, UserId};
use votify_core::secret::{KeyId, Mac, Purpose};
use votify_core::{Keyring, Timestamp};

use crate::identity::{LEEWAY, TokenTimes, choose_backend, seconds};

/// Longer ones are not ours.
const MAX_BYTES: usize = 2_048;
/// The one algorithm. What a token's header says is compared with it, never followed.
const ALGORITHM: Algorithm = Algorithm::HS256;

/// What tokens say about whom they are from and for.
#[derive(Debug)]
pub(super) struct Tokens {
    issuer: String,
    audience: String,
    validation: Validation,
}

/// A token on its way to whoever logged in.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) text: String,
    pub(super) expires_at: Timestamp,
}

/// What a token proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: UserId,
    pub(super) token: TokenId,
    pub(super) expires_at: Timestamp,
}

impl Login {
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
    iat: u64,
    exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
}

impl Tokens {
    pub(super) fn new(issuer: &str, audience: &str) -> Self {
        choose_backend();
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // By our own clock, below: this library asks the computer's.
        validation.validate_exp = false;
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            validation,
        }
    }

    /// A new token, signed with the ring's newest secret; `None` only if it cannot be signed.
    pub(super) fn issue(
        &self,
        user: UserId,
        now: Timestamp,
        expires_at: Timestamp,
        keyring: &Keyring,
    ) -> Option<Issued> {
        let key = keyring.current();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user,
            jti: TokenId::generate(now),
            iat: seconds(now),
            exp: seconds(expires_at),
            nbf: None,
        };
        let header = Header {
            kid: Some(key.to_string()),
            ..Header::new(ALGORITHM)
        };
        let signing = EncodingKey::from_secret(signing_key(key, keyring)?.as_bytes());
        let text = encode(&header, &claims, &signing).ok()?;
        Some(Issued { text, expires_at })
    }

    /// What a token proves at `now`; `None` if it is not one of ours that holds.
    pub(super) fn verify(&self, token: &str, now: Timestamp, keyring: &Keyring) -> Option<Login> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let named = decode_header(token).ok()?.kid?;
        let key = key_id(&named)?;
        let checking = DecodingKey::from_secret(signing_key(key, keyring)?.as_bytes());
        let claims: Claims = decode(token, &checking, &self.validation).ok()?.claims;
        let times = TokenTimes {
            issued: Some(claims.iat),
            not_before: claims.nbf,
            expires: claims.exp,
        };
        // Whoever checks is whoever issued: no grace for what has expired.
        times.hold(now, Duration::ZERO, LEEWAY).then_some(())?;
        let micros = i64::try_from(claims.exp).ok()?.checked_mul(1_000_000)?;
        Some(Login {
            user: claims.sub,
            token: claims.jti,
            expires_at: Timestamp::from_micros(micros).ok()?,
        })
    }
}

/// A key of its own for each secret, and for nothing else.
fn signing_key(key: KeyId, keyring: &Keyring) -> Option<Mac> {
    keyring.mac(key, Purpose::Login, &[b"jwt HS256"])
}

fn key_id(text: &str) -> Option<KeyId> {
    let key = KeyId(u64::from_str_radix(text, 16).ok()?.to_be_bytes());
    (key.to_string() == text).then_some(key)
}

#[cfg(test)]
mod tests;
