use std::time::Duration;

use quick_cache::sync::Cache;
use votify_core::account::{AccountError, AccountStore, TokenId};

/// The time for which the result "not revoked" is cached. A logout on another server
/// takes effect here after at most this time.
const NEGATIVE_TTL: Duration = Duration::from_secs(5);
/// Maximum number of entries per cache. An entry takes about 100 bytes.
const CAPACITY: usize = 50_000;

/// Caches which tokens are revoked, to spare the store a query per request.
#[derive(Debug)]
pub(super) struct RevocationCache {
    /// A revoked token stays revoked, so entries do not expire.
    revoked: Cache<TokenId, ()>,
    /// The monotonic time of the store's last reply that the token is not revoked.
    checked_at: Cache<TokenId, Duration>,
}

impl RevocationCache {
    pub(super) fn new() -> Self {
        Self {
            revoked: Cache::new(CAPACITY),
            checked_at: Cache::new(CAPACITY),
        }
    }

    /// Records that a token is revoked.
    pub(super) fn insert(&self, token: TokenId) {
        self.revoked.insert(token, ());
    }

    /// Returns true if a token was revoked here, or elsewhere more than [`NEGATIVE_TTL`]
    /// ago. `now` is the monotonic time of the engine's clock.
    pub(super) async fn contains(
        &self,
        token: TokenId,
        store: &dyn AccountStore,
        now: Duration,
    ) -> Result<bool, AccountError> {
        if self.revoked.get(&token).is_some() {
            return Ok(true);
        }
        let checked_at = self.checked_at.get(&token);
        let is_fresh =
            checked_at.is_some_and(|checked_at| now.saturating_sub(checked_at) < NEGATIVE_TTL);
        if is_fresh {
            return Ok(false);
        }
        let revoked = store.are_revoked(&[token]).await?;
        let revoked = revoked.first().is_none_or(|revoked| *revoked);
        if revoked {
            self.insert(token);
        } else {
            self.checked_at.insert(token, now);
        }
        Ok(revoked)
    }
}
