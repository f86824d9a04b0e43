use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::keys::{Key, Keys};
use super::source::Source;

/// The keys that are known, and when they were looked for.
#[derive(Debug)]
pub(super) struct Ring {
    source: Source,
    pub(super) refresh_every: Duration,
    pub(super) max_age: Duration,
    pub(super) timeout: Duration,
    known: Mutex<Known>,
    /// Held by the one request that reads keys.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    /// `None` until they were read for the first time.
    keys: Option<Arc<Keys>>,
    /// When they were read last.
    read_at: Option<Instant>,
    /// When reading them was begun last.
    tried_at: Option<Instant>,
    /// Whether that went wrong.
    failed: bool,
}

/// What is known of a key's name.
#[derive(Debug)]
pub(super) enum Found {
    Key(Arc<Key>),
    /// The issuer has no such key.
    Nothing,
    /// The issuer cannot be asked.
    Unknown,
}

impl Ring {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            refresh_every: Duration::from_secs(30),
            max_age: Duration::from_secs(3_600),
            timeout: Duration::from_secs(5),
            known: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn with_keys(source: Source, keys: Keys) -> Self {
        let this = Self::new(source);
        let now = Instant::now();
        *this.lock() = Known {
            keys: Some(Arc::new(keys)),
            read_at: Some(now),
            tried_at: None,
            failed: false,
        };
        this
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of this name; keys are read first if that may help and is due. Cancel safe.
    pub(super) async fn find(&self, name: &str) -> Found {
        let known = self.lock().clone();
        let key = known.key(name);
        if key.is_some() && !known.is_old(self.max_age) {
            return known.found(name);
        }
        if key.is_some() && self.reading.try_lock().is_err() {
            // Somebody is reading already, and what is known is good enough meanwhile.
            return known.found(name);
        }
        let turn = self.reading.lock().await;
        let since = self.lock().clone();
        let helped = since.read_at != known.read_at && since.key(name).is_some();
        if !helped && since.may_try(self.refresh_every) {
            self.read().await;
        }
        drop(turn);
        self.lock().found(name)
    }

    async fn read(&self) {
        self.lock().tried_at = Some(Instant::now());
        // If this is dropped it counts as a try that went wrong.
        self.lock().failed = true;
        let read = tokio::time::timeout(self.timeout, self.source.read(self.timeout)).await;
        match read {
            Ok(Ok(keys)) => {
                let mut known = self.lock();
                known.keys = Some(Arc::new(keys));
                known.read_at = Some(Instant::now());
                known.failed = false;
            }
            Ok(Err(error)) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    error,
                    "the keys of the issuer of tokens cannot be read: those known stay in use"
                );
            }
            Err(_) => {
                tracing::warn!(within = ?self.timeout, "the issuer of tokens does not answer: the keys known stay in use");
            }
        }
    }
}

impl Known {
    fn key(&self, name: &str) -> Option<&Arc<Key>> {
        self.keys.as_ref()?.get(name)
    }

    fn is_old(&self, age: Duration) -> bool {
        self.read_at.is_none_or(|read_at| read_at.elapsed() >= age)
    }

    fn may_try(&self, every: Duration) -> bool {
        self.tried_at
            .is_none_or(|tried_at| tried_at.elapsed() >= every)
    }

    fn found(&self, name: &str) -> Found {
        match self.key(name) {
            Some(key) => Found::Key(Arc::clone(key)),
            None if self.failed || self.keys.is_none() => Found::Unknown,
            None => Found::Nothing,
        }
    }
}
