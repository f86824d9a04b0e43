use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use crate::identity::TokenTimes;

/// What a token of an outside issuer says.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    #[serde(deserialize_with = "moment")]
    exp: u64,
    #[serde(default, deserialize_with = "maybe_moment")]
    nbf: Option<u64>,
    #[serde(default, deserialize_with = "maybe_moment")]
    iat: Option<u64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Claims {
    pub(super) const fn times(&self) -> TokenTimes {
        TokenTimes {
            issued: self.iat,
            not_before: self.nbf,
            expires: self.exp,
        }
    }

    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.others.get(name)?.as_str()
    }
}

/// Seconds of Unix time. A number, never a text; the standard allows fractions, which are cut off.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    let cut = || {
        let seconds = number.as_f64().filter(|seconds| *seconds >= 0.0)?;
        // Exact below 2^53, which is longer than anything is valid.
        let whole = format!("{:.0}", seconds.floor());
        whole.parse().ok()
    };
    let seconds = number.as_u64().or_else(cut);
    seconds.ok_or_else(|| D::Error::custom("not a moment"))
}

fn maybe_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    moment(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn moments_are_numbers() {
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
