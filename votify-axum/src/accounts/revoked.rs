use std::time::Duration;

use quick_cache::sync::Cache;
use votify_core::Timestamp;
use votify_core::account::{AccountError, AccountStore, TokenId};

/// For how long a token that was found not to be revoked is believed: how late a log-out elsewhere may be heard of here.
const BELIEVED: Duration = Duration::from_secs(5);
/// How many tokens are remembered of each kind; about 100 bytes each.
const REMEMBERED: usize = 50_000;

/// Which tokens were revoked, so that the store need not be asked at every request.
#[derive(Debug)]
pub(super) struct Revoked {
    /// Never again valid, so this needs no end.
    known: Cache<TokenId, ()>,
    /// When the store said last that it was not.
    fine: Cache<TokenId, Timestamp>,
}

impl Revoked {
    pub(super) fn new() -> Self {
        Self {
            known: Cache::new(REMEMBERED),
            fine: Cache::new(REMEMBERED),
        }
    }

    /// A token was revoked here.
    pub(super) fn learn(&self, token: TokenId) {
        self.known.insert(token, ());
    }

    /// Whether a token was revoked: here, or elsewhere more than [`BELIEVED`] ago.
    pub(super) async fn contains(
        &self,
        token: TokenId,
        store: &dyn AccountStore,
        now: Timestamp,
    ) -> Result<bool, AccountError> {
        if self.known.get(&token).is_some() {
            return Ok(true);
        }
        let seen = self.fine.get(&token);
        // A clock that was set back believes nothing from its future.
        if seen.is_some_and(|seen| seen <= now && now.saturating_since(seen) < BELIEVED) {
            return Ok(false);
        }
        let revoked = store.are_revoked(&[token]).await?;
        let revoked = revoked.first().is_none_or(|revoked| *revoked);
        if revoked {
            self.learn(token);
        } else {
            self.fine.insert(token, now);
        }
        Ok(revoked)
    }
}
