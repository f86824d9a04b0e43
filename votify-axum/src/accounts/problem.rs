use std::time::Duration;

use votify_core::account::AccountError;

use crate::accounts::hasher::HashingError;
use crate::problem::{Code, Problem, chain, later};

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        if error.is_transient() {
            tracing::warn!(cause = %chain(&error), "the account store does not answer");
            later(Code::StoreUnavailable)
        } else {
            Self::internal(&chain(&error))
        }
    }
}

impl From<HashingError> for Problem {
    fn from(error: HashingError) -> Self {
        match error {
            // What waits takes seconds; who is turned away comes back at another moment each.
            HashingError::Full => Self::new(Code::Overloaded)
                .with_retry_after(Duration::from_millis(fastrand::u64(2_000..=10_000))),
            HashingError::Failed | HashingError::Unreadable => Self::internal(&error),
        }
    }
}
