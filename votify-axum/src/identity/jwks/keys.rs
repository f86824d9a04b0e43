use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::identity::JwksError;

/// What tokens may be signed with: no algorithm whose key both signs and verifies.
pub(super) const TAKEN: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// More keys than this are not kept.
const KEYS_MAX: usize = 100;
/// The fewest bits of an RSA key, as its modulus in base64.
const RSA_MIN_LETTERS: usize = (2048 / 8) * 4 / 3;

/// A public key and what it is for.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) public: DecodingKey,
}

/// Keys by their names.
pub(super) type Keys = HashMap<String, Arc<Key>>;

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// Reads a JSON Web Key Set. Keys that are of no use here are passed over, also those that make no sense: an issuer may
/// publish kinds that nobody knew yet. Of several with one name none is used but the first.
pub(super) fn read(json: &[u8]) -> Result<Keys, JwksError> {
    let set: Set = serde_json::from_slice(json).map_err(JwksError::Unreadable)?;
    let mut keys = Keys::new();
    for value in set.keys.into_iter().take(KEYS_MAX) {
        let Some((name, key)) = serde_json::from_value(value).ok().and_then(usable) else {
            continue;
        };
        if let Entry::Vacant(entry) = keys.entry(name) {
            entry.insert(Arc::new(key));
        }
    }
    if keys.is_empty() {
        return Err(JwksError::NoKey);
    }
    Ok(keys)
}

fn usable(jwk: Jwk) -> Option<(String, Key)> {
    let common = &jwk.common;
    let signs = common
        .public_key_use
        .as_ref()
        .is_none_or(|told| *told == PublicKeyUse::Signature)
        && common
            .key_operations
            .as_ref()
            .is_none_or(|told| told.contains(&KeyOperations::Verify));
    let (algorithm, known) = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) if key.n.len() >= RSA_MIN_LETTERS => {
            (Algorithm::RS256, KeyAlgorithm::RS256)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    // A key that its issuer has for another algorithm is not used for this one.
    let fits = signs && common.key_algorithm.is_none_or(|told| told == known);
    let public = DecodingKey::from_jwk(&jwk).ok().filter(|_| fits)?;
    let name = jwk.common.key_id.filter(|name| !name.is_empty())?;
    Some((name, Key { algorithm, public }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(keys: &Value) -> Vec<String> {
        let json = serde_json::to_vec(&json!({ "keys": keys })).unwrap();
        let keys = read(&json).unwrap_or_default();
        let mut names: Vec<_> = keys.into_keys().collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn only_keys_that_verify_are_taken() {
        let rsa = "A".repeat(342);
        let (x, y) = ("A".repeat(43), "A".repeat(43));
        let taken = names(&json!([
            {"kid": "rsa", "kty": "RSA", "n": rsa, "e": "AQAB"},
            {"kid": "rsa alg", "kty": "RSA", "n": rsa, "e": "AQAB", "alg": "RS256", "use": "sig", "key_ops": ["verify"]},
            {"kid": "ec", "kty": "EC", "crv": "P-256", "x": x, "y": y, "alg": "ES256"},
            {"kid": "ed", "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA"},
        ]));
        assert_eq!(taken, ["ec", "ed", "rsa", "rsa alg"]);
        let passed_over = names(&json!([
            {"kid": "symmetric", "kty": "oct", "k": x, "alg": "HS256"},
            {"kid": "short", "kty": "RSA", "n": "A".repeat(171), "e": "AQAB"},
            {"kid": "other alg", "kty": "RSA", "n": rsa, "e": "AQAB", "alg": "PS256"},
            {"kid": "symmetric alg", "kty": "RSA", "n": rsa, "e": "AQAB", "alg": "HS256"},
            {"kid": "encrypts", "kty": "RSA", "n": rsa, "e": "AQAB", "use": "enc"},
            {"kid": "signs", "kty": "RSA", "n": rsa, "e": "AQAB", "key_ops": ["sign"]},
            {"kid": "other curve", "kty": "EC", "crv": "P-384", "x": x, "y": y},
            {"kid": "x25519", "kty": "OKP", "crv": "X25519", "x": x},
            {"kid": "", "kty": "OKP", "crv": "Ed25519", "x": x},
            {"kty": "OKP", "crv": "Ed25519", "x": x},
            {"kid": "future", "kty": "AKP", "alg": "ML-DSA-65"},
            "nonsense",
        ]));
        assert!(passed_over.is_empty(), "{passed_over:?}");
    }

    #[test]
    fn the_first_of_a_name_counts_and_there_is_an_end() {
        let x = "A".repeat(43);
        let two = json!([
            {"kid": "a", "kty": "OKP", "crv": "Ed25519", "x": x},
            {"kid": "a", "kty": "EC", "crv": "P-256", "x": x, "y": x},
        ]);
        let json = serde_json::to_vec(&json!({ "keys": two })).unwrap();
        assert_eq!(read(&json).unwrap()["a"].algorithm, Algorithm::EdDSA);
        let many = (0..1_000)
            .map(|n| json!({"kid": n.to_string(), "kty": "OKP", "crv": "Ed25519", "x": x}));
        assert_eq!(names(&many.collect::<Value>()).len(), KEYS_MAX);
        assert!(matches!(read(b"[]"), Err(JwksError::Unreadable(_))));
        assert!(matches!(read(b"{\"keys\": []}"), Err(JwksError::NoKey)));
    }
}
