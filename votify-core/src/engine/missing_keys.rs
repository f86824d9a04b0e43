use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::poll::Poll;
use crate::secret::{KeyId, Keyring};
use crate::voter::IdentifyError;

/// The secrets that polls need and the keyring lacks. Each is logged once, because every
/// vote in such a poll fails until an operator adds the secret.
#[derive(Debug, Default)]
pub(super) struct MissingKeys(Mutex<HashSet<KeyId>>);

impl MissingKeys {
    /// Fails if the keyring lacks the poll's secret.
    pub(super) fn check(&self, poll: &Poll, keyring: &Keyring) -> Result<(), IdentifyError> {
        if keyring.holds(poll.key) {
            return Ok(());
        }
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.insert(poll.key) {
            tracing::error!(
                key = %poll.key,
                poll = %poll.id,
                "the secret of this poll is missing, so that its voters and owner cannot be identified; \
                 add the secret again"
            );
        }
        Err(IdentifyError::UnknownKey(poll.key))
    }
}
