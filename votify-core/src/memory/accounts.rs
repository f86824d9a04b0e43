use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::account::{
    AccountError, AccountStore, Registration, Revocation, TokenId, User, UserId, UserName,
};
use crate::time::Timestamp;

const BACKEND: &str = "memory";

/// An [`AccountStore`] in memory: all the laws, and nothing survives the process.
///
/// It keeps at most [`capacity`](Self::with_capacity) users and as many revocations, a million of each unless told
/// otherwise; what does not fit is [`Unavailable`](AccountError::Unavailable), and nothing is forgotten for it.
#[derive(Debug)]
pub struct MemoryAccountStore {
    kept: Mutex<Kept>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Kept {
    users: HashMap<UserId, User>,
    by_name: HashMap<String, UserId>,
    revoked: HashSet<TokenId>,
    /// The same tokens, those that end first in front.
    ends: BTreeSet<(Timestamp, TokenId)>,
}

/// There is no room for more.
#[derive(Debug, thiserror::Error)]
#[error("full: {0} are kept")]
struct Full(usize);

impl MemoryAccountStore {
    /// How many users, and how many revocations, are kept unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// An empty store for at most so many users, and as many revocations.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            kept: Mutex::default(),
            capacity,
        }
    }

    /// How many revocations are kept right now.
    #[must_use]
    pub fn revocations(&self) -> usize {
        self.lock().revoked.len()
    }

    /// Nothing is left half done under it, because nothing in between can panic.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_room(&self, used: usize) -> Result<(), AccountError> {
        if used < self.capacity {
            Ok(())
        } else {
            Err(AccountError::unavailable(BACKEND, Full(used)))
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
        let mut kept = self.lock();
        if kept.by_name.contains_key(user.name.key()) {
            return Ok(Registration::NameTaken);
        }
        if kept.users.contains_key(&user.id) {
            let taken = format!("user {} exists already", user.id);
            return Err(AccountError::failed(BACKEND, taken));
        }
        self.check_room(kept.users.len())?;
        kept.by_name.insert(user.name.key().to_owned(), user.id);
        kept.users.insert(user.id, user.clone());
        Ok(Registration::Registered)
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        let kept = self.lock();
        let id = kept.by_name.get(name.key());
        Ok(id.and_then(|id| kept.users.get(id)).cloned())
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        Ok(self.lock().users.get(&id).cloned())
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        let mut kept = self.lock();
        while let Some((end, token)) = kept.ends.first().copied()
            && end < now
        {
            kept.ends.pop_first();
            kept.revoked.remove(&token);
        }
        if kept.revoked.contains(&revocation.token) {
            return Ok(());
        }
        self.check_room(kept.revoked.len())?;
        kept.revoked.insert(revocation.token);
        kept.ends.insert((revocation.expires_at, revocation.token));
        Ok(())
    }

    async fn are_revoked(&self, tokens: &[TokenId]) -> Result<Vec<bool>, AccountError> {
        let kept = self.lock();
        let answers = tokens.iter().map(|token| kept.revoked.contains(token));
        Ok(answers.collect())
    }
}
