use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::keys::{Key, Keys};
use super::source::Source;

/// Caches the keys of an issuer and refetches them when needed.
#[derive(Debug)]
pub(super) struct KeySetCache {
    source: Source,
    pub(super) min_refetch_interval: Duration,
    pub(super) max_age: Duration,
    pub(super) timeout: Duration,
    cached: Mutex<CachedKeys>,
    /// Held by the request that fetches keys, so that only one does.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct CachedKeys {
    /// `None` before the first successful fetch.
    keys: Option<Arc<Keys>>,
    /// The time of the last successful fetch.
    fetched_at: Option<Instant>,
    /// The start of the last fetch.
    attempted_at: Option<Instant>,
    /// True if the last fetch failed.
    failed: bool,
}

/// The result of looking up a key id.
#[derive(Debug)]
pub(super) enum KeyLookup {
    Found(Arc<Key>),
    /// The issuer has no such key.
    NotFound,
    /// The issuer does not respond, so the key may exist.
    Unavailable,
}

impl KeySetCache {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            min_refetch_interval: Duration::from_secs(30),
            max_age: Duration::from_secs(3_600),
            timeout: Duration::from_secs(5),
            cached: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn with_keys(source: Source, keys: Keys) -> Self {
        let this = Self::new(source);
        let now = Instant::now();
        *this.lock() = CachedKeys {
            keys: Some(Arc::new(keys)),
            fetched_at: Some(now),
            attempted_at: None,
            failed: false,
        };
        this
    }

    fn lock(&self) -> MutexGuard<'_, CachedKeys> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the key with this id. Fetches the keys first if the key is unknown or the
    /// cache is too old, unless the last fetch is too recent. Cancel safe.
    pub(super) async fn find(&self, id: &str) -> KeyLookup {
        let before = self.lock().clone();
        let is_known = before.key(id).is_some();
        if is_known && !before.is_older_than(self.max_age) {
            return before.lookup(id);
        }
        if is_known && self.fetching.try_lock().is_err() {
            // Another request is fetching. Meanwhile the known key stays in use.
            return before.lookup(id);
        }
        let guard = self.fetching.lock().await;
        let current = self.lock().clone();
        let was_refetched = current.fetched_at != before.fetched_at && current.key(id).is_some();
        if !was_refetched && current.can_refetch(self.min_refetch_interval) {
            self.fetch().await;
        }
        drop(guard);
        self.lock().lookup(id)
    }

    async fn fetch(&self) {
        {
            let mut cached = self.lock();
            cached.attempted_at = Some(Instant::now());
            // A fetch that is cancelled counts as failed.
            cached.failed = true;
        }
        let result = tokio::time::timeout(self.timeout, self.source.read(self.timeout)).await;
        match result {
            Ok(Ok(keys)) => {
                let mut cached = self.lock();
                cached.keys = Some(Arc::new(keys));
                cached.fetched_at = Some(Instant::now());
                cached.failed = false;
            }
            Ok(Err(error)) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    error,
                    "failed to fetch the keys of the token issuer, cached keys stay in use"
                );
            }
            Err(_) => {
                tracing::warn!(
                    timeout = ?self.timeout,
                    "timed out fetching the keys of the token issuer, cached keys stay in use"
                );
            }
        }
    }
}

impl CachedKeys {
    fn key(&self, id: &str) -> Option<&Arc<Key>> {
        self.keys.as_ref()?.get(id)
    }

    fn is_older_than(&self, age: Duration) -> bool {
        self.fetched_at
            .is_none_or(|fetched_at| fetched_at.elapsed() >= age)
    }

    fn can_refetch(&self, min_interval: Duration) -> bool {
        self.attempted_at
            .is_none_or(|attempted_at| attempted_at.elapsed() >= min_interval)
    }

    fn lookup(&self, id: &str) -> KeyLookup {
        match self.key(id) {
            Some(key) => KeyLookup::Found(Arc::clone(key)),
            None if self.failed || self.keys.is_none() => KeyLookup::Unavailable,
            None => KeyLookup::NotFound,
        }
    }
}
