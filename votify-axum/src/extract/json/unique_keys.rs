use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::dto::fields::NAME_MAX;

/// Any JSON in which no object has a key twice. The content is not kept.
///
/// serde_json's `Value` keeps the last of two values. Other parsers, such as those of
/// proxies and firewalls, keep the first. A separate pass, because `Value` reads its numbers
/// by private rules that depend on the features of serde_json.
pub(super) struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueKeysVisitor)
    }
}

struct UniqueKeysVisitor;

impl<'de> Visitor<'de> for UniqueKeysVisitor {
    type Value = UniqueKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<UniqueKeys, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if keys.contains(&key) {
                let key: String = key.chars().take(NAME_MAX).collect();
                return Err(Error::custom(format_args!("repeated key {key:?}")));
            }
            keys.insert(key);
            entries.next_value::<UniqueKeys>()?;
        }
        Ok(UniqueKeys)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<UniqueKeys, A::Error> {
        while items.next_element::<UniqueKeys>()?.is_some() {}
        Ok(UniqueKeys)
    }

    fn visit_unit<E: Error>(self) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-c\"é]?", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Repeats one key of the first object in `value`, in text.
    fn with_repetition(value: &Value) -> Option<String> {
        match value {
            Value::Array(items) => {
                let index = items
                    .iter()
                    .position(|item| with_repetition(item).is_some())?;
                let mut items = items.clone();
                let inner = with_repetition(&items[index])?;
                items[index] = json!("HERE");
                let text = Value::Array(items).to_string();
                Some(text.replacen("\"HERE\"", &inner, 1))
            }
            Value::Object(fields) => {
                let key = Value::from(fields.keys().next()?.as_str());
                let text = value.to_string();
                Some(format!("{},{key}:0}}", text.strip_suffix('}')?))
            }
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn only_repetitions_are_rejected(value in values()) {
            prop_assert!(serde_json::from_str::<UniqueKeys>(&value.to_string()).is_ok());
            if let Some(text) = with_repetition(&value) {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
                prop_assert!(serde_json::from_str::<UniqueKeys>(&text).is_err(), "{}", text);
            }
        }
    }
}
