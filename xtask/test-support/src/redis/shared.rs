use std::env::{self, VarError};

use crate::skip::report_skip;

/// The environment variable with the URL of the shared server. If it is set, no test may
/// be skipped.
pub(super) const VARIABLE: &str = "VOTIFY_TEST_REDIS_URL";

/// Returns the URL of the shared server.
///
/// Returns `None`, and reports the skip, if the variable is not set. Other tests use the
/// server too: every key needs a [`new_prefix`], and nothing may be flushed.
///
/// # Panics
/// Panics if the variable is not Unicode.
#[must_use]
pub fn shared_url() -> Option<String> {
    match env::var(VARIABLE) {
        Ok(url) => Some(url),
        Err(VarError::NotPresent) => {
            report_skip(&format!("{VARIABLE} is not set"));
            None
        }
        Err(error @ VarError::NotUnicode(_)) => panic!("{VARIABLE}: {error}"),
    }
}

/// Returns a unique key prefix.
#[must_use]
pub fn new_prefix() -> String {
    // From the system's random source: two programs that start at once must not draw the
    // same prefix.
    format!("votify-test:{}", uuid::Uuid::new_v4().simple())
}
