use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A host's data for a poll: the text of a JSON object of at most
/// [`MAX_BYTES`](Self::MAX_BYTES).
///
/// It is stored and returned unchanged, including spaces, escapes and the order of keys.
/// Clients must be able to read it: values are nested at most 126 deep, numbers are in
/// the range of a double, and escapes contain no half of a surrogate pair.
///
/// ```
/// use votify_core::poll::Metadata;
///
/// let metadata: Metadata = r#"{"room": 7, "tags": ["lunch"]}"#.parse()?;
/// assert_eq!(metadata.as_str(), r#"{"room": 7, "tags": ["lunch"]}"#);
/// assert!("[1, 2]".parse::<Metadata>().is_err());
/// # Ok::<(), votify_core::poll::MetadataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Metadata(String);

/// The reason why a text cannot be a poll's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The text is longer than [`Metadata::MAX_BYTES`].
    #[error("must be at most {} bytes of JSON", Metadata::MAX_BYTES)]
    TooLong,
    /// The text is not a JSON object, or one that common parsers reject.
    #[error(
        "must be a JSON object of at most 126 levels, with numbers in the range of a double \
         and whole surrogate pairs"
    )]
    NotAnObject,
}

impl Metadata {
    /// The maximum length in bytes: 4 KiB.
    pub const MAX_BYTES: usize = 4096;

    /// Returns the JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Metadata {
    type Error = MetadataError;

    fn try_from(text: String) -> Result<Self, MetadataError> {
        if text.len() > Self::MAX_BYTES {
            return Err(MetadataError::TooLong);
        }
        match serde_json::from_str(&text) {
            Ok(Value::Object(_)) => Ok(Self(text)),
            _ => Err(MetadataError::NotAnObject),
        }
    }
}

impl FromStr for Metadata {
    type Err = MetadataError;

    fn from_str(text: &str) -> Result<Self, MetadataError> {
        text.to_owned().try_into()
    }
}

impl From<Metadata> for String {
    fn from(metadata: Metadata) -> Self {
        metadata.0
    }
}

impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_objects_up_to_4_kib_are_metadata() {
        let object_of = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert!(object_of(Metadata::MAX_BYTES).parse::<Metadata>().is_ok());
        let too_long = object_of(Metadata::MAX_BYTES + 1).parse::<Metadata>();
        assert_eq!(too_long, Err(MetadataError::TooLong));
        let nested = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        for text in [
            "",
            "1",
            "null",
            "[]",
            "\"{}\"",
            "{",
            "{}{}",
            "{\"a\":}",
            r#"{"a":"\ud83d"}"#,
            r#"{"\ude00":1}"#,
            r#"{"a":1e999}"#,
            &nested(127),
        ] {
            let error = Err(MetadataError::NotAnObject);
            assert_eq!(text.parse::<Metadata>(), error, "{text}");
        }
        for text in [" {\n}", r#"{"a":"\ud83d\ude00"}"#, &nested(126)] {
            assert!(text.parse::<Metadata>().is_ok(), "{text}");
        }
    }
}
