use std::fmt;
use std::str::FromStr;

use axum::http::header::{FORWARDED, HeaderName};

/// The header in which trusted proxies report the client's address. Defaults to
/// `X-Forwarded-For`.
///
/// - `x-forwarded-for` is a list, to which each proxy appends the address of its peer.
/// - `forwarded` is such a list in the format of RFC 7239. Its `for` parameters count.
/// - Any other header, such as `x-real-ip` or `cf-connecting-ip`, contains one address. If
///   there are several, the last counts.
///
/// ```
/// use votify_axum::ClientAddressHeader;
///
/// let header: ClientAddressHeader = "X-Real-IP".parse()?;
/// assert_eq!(header.to_string(), "x-real-ip");
/// # Ok::<(), votify_axum::InvalidHeaderName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAddressHeader(HeaderName);

/// The text is not the name of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a header, such as x-forwarded-for, forwarded or x-real-ip")]
pub struct InvalidHeaderName;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Addresses separated by commas.
    List,
    /// The format of RFC 7239.
    Forwarded,
    /// One address.
    Single,
}

impl ClientAddressHeader {
    pub(crate) const fn name(&self) -> &HeaderName {
        &self.0
    }

    pub(super) fn format(&self) -> Format {
        if self.0 == FORWARDED {
            Format::Forwarded
        } else if *self == Self::default() {
            Format::List
        } else {
            Format::Single
        }
    }
}

impl Default for ClientAddressHeader {
    fn default() -> Self {
        Self(HeaderName::from_static("x-forwarded-for"))
    }
}

impl FromStr for ClientAddressHeader {
    type Err = InvalidHeaderName;

    fn from_str(text: &str) -> Result<Self, InvalidHeaderName> {
        text.parse().map(Self).map_err(|_| InvalidHeaderName)
    }
}

impl fmt::Display for ClientAddressHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}
