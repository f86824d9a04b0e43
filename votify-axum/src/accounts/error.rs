use std::time::Duration;

use votify_core::account::AccountError;

use crate::accounts::password_workers::HashingError;
use crate::error::{ErrorCode, Problem, error_chain, log_unavailable, retry_later};

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        if error.is_transient() {
            log_unavailable("accounts", &error);
            retry_later(ErrorCode::StoreUnavailable)
        } else {
            Self::internal(&error_chain(&error))
        }
    }
}

impl From<HashingError> for Problem {
    fn from(error: HashingError) -> Self {
        match error {
            // The queue takes seconds to empty. The random wait spreads the retries.
            HashingError::Full => Self::new(ErrorCode::Overloaded)
                .with_retry_after(Duration::from_millis(fastrand::u64(2_000..=10_000))),
            HashingError::Failed | HashingError::MalformedHash => Self::internal(&error),
        }
    }
}
