use std::env;
use std::io::{self, Write};
use std::thread;

/// Where tests look for the URL of the shared server. Where it is set, nothing may be skipped.
pub(super) const VARIABLE: &str = "VOTIFY_TEST_REDIS_URL";

/// The shared server, or `None` after telling that the test is skipped. Others use it too: everything belongs under a
/// [`new_prefix`], and nothing is flushed.
pub(crate) fn shared_url() -> Option<String> {
    match env::var(VARIABLE) {
        Ok(url) => Some(url),
        Err(env::VarError::NotPresent) => {
            tell_skip("it is not set");
            None
        }
        Err(error) => panic!("{VARIABLE}: {error}"),
    }
}

/// A prefix that nobody else has.
pub(crate) fn new_prefix() -> String {
    // From the system's own source: two programs that start at once must not draw the same.
    format!("votify-test:{}", uuid::Uuid::new_v4().simple())
}

/// Writes past the test runner, which shows nothing that a passing test prints.
pub(super) fn tell_skip(why: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let line = format!(
        "SKIPPED {test}: wants {VARIABLE}, and {why}; `cargo xtask test` finds or starts what it needs\n"
    );
    let _ = io::stderr().write_all(line.as_bytes());
}
