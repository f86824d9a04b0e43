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

/// The accepted algorithms. All are asymmetric: a key that verifies cannot sign.
pub(super) const ALLOWED_ALGORITHMS: [Algorithm; 3] =
    [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// Maximum number of keys of a set; further ones are ignored.
const MAX_KEYS: usize = 100;
/// Length of the modulus of an RSA key of 2048 bits, in base64.
const MIN_RSA_MODULUS_LENGTH: usize = (2048 / 8) * 4 / 3;

/// A public key and its algorithm.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) public: DecodingKey,
}

/// Keys by their ids (`kid`).
pub(super) type Keys = HashMap<String, Arc<Key>>;

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// Parses a JSON Web Key Set. Unsupported and malformed keys are ignored, because issuers
/// may publish new kinds of keys. Of several keys with one id, the first is used.
pub(super) fn parse(json: &[u8]) -> Result<Keys, JwksError> {
    let set: Set = serde_json::from_slice(json).map_err(JwksError::Parse)?;
    let mut keys = Keys::new();
    for value in set.keys.into_iter().take(MAX_KEYS) {
        let Some((id, key)) = serde_json::from_value(value).ok().and_then(supported_key) else {
            continue;
        };
        if let Entry::Vacant(entry) = keys.entry(id) {
            entry.insert(Arc::new(key));
        }
    }
    if keys.is_empty() {
        return Err(JwksError::NoUsableKey);
    }
    Ok(keys)
}

fn supported_key(jwk: Jwk) -> Option<(String, Key)> {
    let common = &jwk.common;
    let verifies = common
        .public_key_use
        .as_ref()
        .is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let (algorithm, key_algorithm) = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) if key.n.len() >= MIN_RSA_MODULUS_LENGTH => {
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
    // A key that its issuer declares for another algorithm is not used.
    let is_usable = verifies
        && common
            .key_algorithm
            .is_none_or(|declared| declared == key_algorithm);
    let public = DecodingKey::from_jwk(&jwk).ok().filter(|_| is_usable)?;
    let id = jwk.common.key_id.filter(|id| !id.is_empty())?;
    Some((id, Key { algorithm, public }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(keys: &Value) -> Vec<String> {
        let json = serde_json::to_vec(&json!({ "keys": keys })).unwrap();
        let keys = parse(&json).unwrap_or_default();
        let mut ids: Vec<_> = keys.into_keys().collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn only_supported_keys_are_used() {
        let rsa = "A".repeat(342);
        let (x, y) = ("A".repeat(43), "A".repeat(43));
        let used = ids(&json!([
            {"kid": "rsa", "kty": "RSA", "n": rsa, "e": "AQAB"},
            {"kid": "rsa alg", "kty": "RSA", "n": rsa, "e": "AQAB", "alg": "RS256", "use": "sig", "key_ops": ["verify"]},
            {"kid": "ec", "kty": "EC", "crv": "P-256", "x": x, "y": y, "alg": "ES256"},
            {"kid": "ed", "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA"},
        ]));
        assert_eq!(used, ["ec", "ed", "rsa", "rsa alg"]);
        let ignored = ids(&json!([
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
        assert!(ignored.is_empty(), "{ignored:?}");
    }

    #[test]
    fn the_first_key_of_an_id_is_used_and_the_number_is_limited() {
        let x = "A".repeat(43);
        let two = json!([
            {"kid": "a", "kty": "OKP", "crv": "Ed25519", "x": x},
            {"kid": "a", "kty": "EC", "crv": "P-256", "x": x, "y": x},
        ]);
        let json = serde_json::to_vec(&json!({ "keys": two })).unwrap();
        assert_eq!(parse(&json).unwrap()["a"].algorithm, Algorithm::EdDSA);
        let many = (0..1_000)
            .map(|n| json!({"kid": n.to_string(), "kty": "OKP", "crv": "Ed25519", "x": x}));
        assert_eq!(ids(&many.collect::<Value>()).len(), MAX_KEYS);
        assert!(matches!(parse(b"[]"), Err(JwksError::Parse(_))));
        assert!(matches!(
            parse(b"{\"keys\": []}"),
            Err(JwksError::NoUsableKey)
        ));
    }
}
