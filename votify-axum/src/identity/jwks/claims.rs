use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use crate::identity::TokenTimes;

/// The claims of a token of an external issuer.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    #[serde(deserialize_with = "unix_seconds")]
    exp: u64,
    #[serde(default, deserialize_with = "opt_unix_seconds")]
    nbf: Option<u64>,
    #[serde(default, deserialize_with = "opt_unix_seconds")]
    iat: Option<u64>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Claims {
    pub(super) const fn times(&self) -> TokenTimes {
        TokenTimes {
            issued: self.iat,
            not_before: self.nbf,
            expires: self.exp,
        }
    }

    /// Returns a claim that is a string.
    pub(super) fn string(&self, name: &str) -> Option<&str> {
        self.other.get(name)?.as_str()
    }
}

/// Reads seconds of Unix time: a number, not a string. RFC 7519 allows fractions; they
/// are cut off.
fn unix_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    let truncated = || {
        let seconds = number.as_f64().filter(|seconds| *seconds >= 0.0)?;
        // Exact below 2^53, later than any expiry.
        let whole = format!("{:.0}", seconds.floor());
        whole.parse().ok()
    };
    let seconds = number.as_u64().or_else(truncated);
    seconds.ok_or_else(|| D::Error::custom("expected seconds of Unix time"))
}

fn opt_unix_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    unix_seconds(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn times_are_numbers() {
        let exp = |value: Value| {
            let claims: Option<Claims> = from_value(json!({"exp": value, "sub": "x"})).ok();
            claims.map(|claims| claims.exp)
        };
        assert_eq!(exp(json!(1_000)), Some(1_000));
        assert_eq!(exp(json!(1_000.9)), Some(1_000));
        for wrong in [
            json!("1000"),
            json!(-1),
            json!(null),
            json!([1]),
            json!(1e300),
        ] {
            assert_eq!(exp(wrong.clone()), None, "{wrong}");
        }
        assert!(from_value::<Claims>(json!({"exp": 1, "nbf": "1"})).is_err());
        assert!(from_value::<Claims>(json!({"sub": "x"})).is_err());
    }
}
