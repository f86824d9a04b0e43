use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::account::{
    AccountError, AccountStore, IssuedToken, PasswordChange, PasswordHash, Registration,
    Revocation, TokenId, User, UserId, UserName,
};
use crate::time::Timestamp;

const BACKEND: &str = "memory";

/// An [`AccountStore`] in memory.
///
/// Holds up to [`with_capacity`](Self::with_capacity) users and as many revocations.
/// Defaults to 1 000 000 of each. When it is full, it evicts nothing and returns
/// [`Unavailable`](AccountError::Unavailable).
#[derive(Debug)]
pub struct MemoryAccountStore {
    state: Mutex<State>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    users: HashMap<UserId, User>,
    by_name: HashMap<String, UserId>,
    revoked: HashSet<TokenId>,
    /// The revoked tokens by expiry, the earliest first.
    by_expiry: BTreeSet<(Timestamp, TokenId)>,
}

/// The store is full.
#[derive(Debug, thiserror::Error)]
#[error("the capacity of {0} entries is exhausted")]
struct CapacityError(usize);

impl MemoryAccountStore {
    /// The default capacity for users, and for revocations.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// Creates an empty store for up to `capacity` users and as many revocations.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            capacity,
        }
    }

    /// Returns the current number of revocations.
    #[must_use]
    pub fn revocations(&self) -> usize {
        self.lock().revoked.len()
    }

    /// Ignores poisoning: no code under the lock can panic between two related writes.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ensure_capacity(&self, used: usize) -> Result<(), AccountError> {
        if used < self.capacity {
            Ok(())
        } else {
            Err(AccountError::unavailable(BACKEND, CapacityError(used)))
        }
    }
}

impl Default for MemoryAccountStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl AccountStore for MemoryAccountStore {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    async fn register(&self, user: &User) -> Result<Registration, AccountError> {
        let mut state = self.lock();
        if state.by_name.contains_key(user.name.key()) {
            return Ok(Registration::NameTaken);
        }
        if state.users.contains_key(&user.id) {
            let source = format!("user {} already exists", user.id);
            return Err(AccountError::failed(BACKEND, source));
        }
        self.ensure_capacity(state.users.len())?;
        state.by_name.insert(user.name.key().to_owned(), user.id);
        state.users.insert(user.id, user.clone());
        Ok(Registration::Registered)
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        let state = self.lock();
        let id = state.by_name.get(name.key());
        Ok(id.and_then(|id| state.users.get(id)).cloned())
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        Ok(self.lock().users.get(&id).cloned())
    }

    async fn change_password(
        &self,
        id: UserId,
        password: &PasswordHash,
        expected_generation: u32,
    ) -> Result<PasswordChange, AccountError> {
        let Some(token_generation) = expected_generation.checked_add(1) else {
            return Err(AccountError::failed(
                BACKEND,
                "the token generation cannot be raised",
            ));
        };
        let mut state = self.lock();
        let user = state.users.get_mut(&id);
        let Some(user) = user.filter(|user| user.token_generation == expected_generation) else {
            return Ok(PasswordChange::Outdated);
        };
        user.password = password.clone();
        user.token_generation = token_generation;
        Ok(PasswordChange::Changed { token_generation })
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        let mut state = self.lock();
        while let Some((expiry, token)) = state.by_expiry.first().copied()
            && expiry < now
        {
            state.by_expiry.pop_first();
            state.revoked.remove(&token);
        }
        if state.revoked.contains(&revocation.token) {
            return Ok(());
        }
        self.ensure_capacity(state.revoked.len())?;
        state.revoked.insert(revocation.token);
        state
            .by_expiry
            .insert((revocation.expires_at, revocation.token));
        Ok(())
    }

    async fn are_revoked(&self, tokens: &[IssuedToken]) -> Result<Vec<bool>, AccountError> {
        let state = self.lock();
        let revoked = tokens.iter().map(|token| {
            let user = state.users.get(&token.user);
            state.revoked.contains(&token.token)
                || user.is_none_or(|user| token.generation < user.token_generation)
        });
        Ok(revoked.collect())
    }
}
