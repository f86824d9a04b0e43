use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use quick_cache::sync::Cache;
use votify_core::account::{
    AccountError, AccountStore, IssuedToken, PasswordChange, PasswordHash, Registration,
    Revocation, TokenId, User, UserId, UserName,
};
use votify_core::{PollEngine, Timestamp};

/// The time for which the result "not revoked" is cached. A logout or a password change on
/// another server takes effect here after at most this time.
const NEGATIVE_TTL: Duration = Duration::from_secs(5);
/// Maximum number of entries per cache. An entry takes about 100 bytes.
const CAPACITY: usize = 50_000;

/// An account store that caches which tokens are revoked, to spare the inner store a query
/// per request.
///
/// What is revoked through this layer is revoked at once. What is revoked elsewhere is
/// revoked here within [`NEGATIVE_TTL`].
#[derive(Debug)]
pub(crate) struct RevocationCache<S> {
    store: S,
    /// Supplies the time.
    engine: PollEngine,
    /// The tokens that this layer revoked. A call that read the store before may write to
    /// `replies` after, so these are kept apart and checked first.
    revoked: Cache<TokenId, ()>,
    /// The current generations of the users whose password was changed through this layer.
    generations: Cache<UserId, Arc<AtomicU32>>,
    /// The store's last replies.
    replies: Cache<IssuedToken, Reply>,
}

#[derive(Debug, Clone, Copy)]
enum Reply {
    /// A revoked token stays revoked.
    Revoked,
    /// The token was not revoked at this monotonic time.
    NotRevokedAt(Duration),
}

impl<S> RevocationCache<S> {
    pub(super) fn new(store: S, engine: PollEngine) -> Self {
        Self {
            store,
            engine,
            revoked: Cache::new(CAPACITY),
            generations: Cache::new(CAPACITY),
            replies: Cache::new(CAPACITY),
        }
    }

    /// Records the generation of a user after a password change.
    fn raise_generation(&self, user: UserId, generation: u32) {
        let added = self
            .generations
            .get_or_insert_with(&user, || Ok::<_, Infallible>(Arc::default()));
        let Ok(current) = added;
        // Concurrent changes may arrive here in another order.
        current.fetch_max(generation, Ordering::AcqRel);
    }

    /// Returns the cached result for a token.
    fn cached(&self, token: &IssuedToken, now: Duration) -> Option<bool> {
        let current = self.generations.get(&token.user);
        let is_outdated =
            current.is_some_and(|current| token.generation < current.load(Ordering::Acquire));
        if is_outdated || self.revoked.get(&token.token).is_some() {
            return Some(true);
        }
        match self.replies.get(token)? {
            Reply::Revoked => Some(true),
            Reply::NotRevokedAt(time) => {
                let is_fresh = now.saturating_sub(time) < NEGATIVE_TTL;
                is_fresh.then_some(false)
            }
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: AccountStore> AccountStore for RevocationCache<S> {
    fn backend(&self) -> &'static str {
        self.store.backend()
    }

    async fn register(&self, user: &User) -> Result<Registration, AccountError> {
        self.store.register(user).await
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        self.store.user_named(name).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        self.store.user(id).await
    }

    async fn change_password(
        &self,
        id: UserId,
        password: &PasswordHash,
        expected_generation: u32,
    ) -> Result<PasswordChange, AccountError> {
        let change = self
            .store
            .change_password(id, password, expected_generation)
            .await?;
        if let PasswordChange::Changed { token_generation } = change {
            self.raise_generation(id, token_generation);
        }
        Ok(change)
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        self.store.revoke(revocation, now).await?;
        self.revoked.insert(revocation.token, ());
        Ok(())
    }

    async fn are_revoked(&self, tokens: &[IssuedToken]) -> Result<Vec<bool>, AccountError> {
        let now = self.engine.clock().monotonic();
        let cached: Vec<_> = tokens.iter().map(|token| self.cached(token, now)).collect();
        let missing = tokens.iter().zip(&cached);
        let missing: Vec<IssuedToken> = missing
            .filter_map(|(token, cached)| cached.is_none().then_some(*token))
            .collect();
        if missing.is_empty() {
            return Ok(cached.into_iter().flatten().collect());
        }
        let replies = self.store.are_revoked(&missing).await?;
        for (token, revoked) in missing.iter().zip(&replies) {
            let reply = if *revoked {
                Reply::Revoked
            } else {
                Reply::NotRevokedAt(now)
            };
            self.replies.insert(*token, reply);
        }
        let mut replies = replies.into_iter();
        // A token without a reply is not accepted.
        let results = cached
            .into_iter()
            .map(|cached| cached.or_else(|| replies.next()).unwrap_or(true));
        Ok(results.collect())
    }
}

#[cfg(test)]
mod tests;
