use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::EngineError;

/// Maximum number of results in memory. More evict those that were not used for longest, so
/// that one caller with many lists does not evict the lists that everybody uses.
const MAX_ENTRIES: usize = 256;
/// Maximum size of the results in memory, except that one larger result is stored alone.
/// Anybody can ask for many different lists of large polls: a first page of 100 polls can
/// have 14 MB.
const MAX_BYTES: usize = 16 << 20;

/// Results of reads, each shared by all callers within a time.
///
/// Concurrent callers with the same key share one read, and also its failure.
#[derive(Debug)]
pub(super) struct SharedReads<K, T> {
    max_age: Duration,
    /// Returns the approximate size of a result in bytes.
    size_of: fn(&T) -> usize,
    slots: Mutex<Slots<K, T>>,
}

#[derive(Debug)]
struct Slots<K, T> {
    by_key: HashMap<K, Entry<T>>,
    /// The number of uses of all entries.
    uses: u64,
}

#[derive(Debug)]
struct Entry<T> {
    slot: Arc<Slot<T>>,
    /// The size of the result, 0 before the first read has ended.
    bytes: usize,
    /// The number of the last use.
    last_use: u64,
}

impl<K: Eq + Hash + Clone, T> Slots<K, T> {
    /// Returns the slot of a key, and marks it as used.
    fn slot(&mut self, key: &K) -> Arc<Slot<T>> {
        if !self.by_key.contains_key(key) && self.by_key.len() >= MAX_ENTRIES {
            self.evict(|_, _| true);
        }
        self.uses += 1;
        let entry = self.by_key.entry(key.clone()).or_insert_with(|| Entry {
            slot: Arc::default(),
            bytes: 0,
            last_use: 0,
        });
        entry.last_use = self.uses;
        Arc::clone(&entry.slot)
    }

    /// Sets the size of a new result, and evicts others until the rest is small enough.
    fn set_bytes(&mut self, key: &K, slot: &Arc<Slot<T>>, bytes: usize) {
        match self.by_key.get_mut(key) {
            Some(entry) if Arc::ptr_eq(&entry.slot, slot) => entry.bytes = bytes,
            // The entry was evicted during the read.
            _ => return,
        }
        while self.bytes() > MAX_BYTES {
            if !self.evict(|other, entry| other != key && entry.bytes > 0) {
                return;
            }
        }
    }

    fn bytes(&self) -> usize {
        self.by_key.values().map(|entry| entry.bytes).sum()
    }

    /// Removes the entry that was not used for longest, of those that `may_evict` accepts.
    /// Returns false if it accepts none.
    fn evict(&mut self, may_evict: impl Fn(&K, &Entry<T>) -> bool) -> bool {
        let entries = self.by_key.iter();
        let oldest = entries
            .filter(|(key, entry)| may_evict(key, entry))
            .min_by_key(|(_, entry)| entry.last_use);
        let Some(key) = oldest.map(|(key, _)| key.clone()) else {
            return false;
        };
        self.by_key.remove(&key);
        true
    }
}

/// The last result of a key. The lock is held during a read.
type Slot<T> = tokio::sync::Mutex<Option<SharedRead<T>>>;

#[derive(Debug)]
struct SharedRead<T> {
    started: Instant,
    ended: Instant,
    result: Result<T, EngineError>,
}

impl<K: Eq + Hash + Clone + Sync, T: Clone + Send> SharedReads<K, T> {
    /// Creates an empty set of results, each of which is used for `max_age` after its read
    /// began.
    pub(super) fn new(max_age: Duration, size_of: fn(&T) -> usize) -> Self {
        Self {
            max_age,
            size_of,
            slots: Mutex::new(Slots {
                by_key: HashMap::new(),
                uses: 0,
            }),
        }
    }

    /// Returns the result for a key, or reads it.
    pub(super) async fn get(
        &self,
        key: &K,
        read: impl Future<Output = Result<T, EngineError>> + Send,
    ) -> Result<T, EngineError> {
        let arrived = Instant::now();
        let slot = self.lock_slots().slot(key);
        let mut shared = slot.lock().await;
        if let Some(last) = &*shared {
            let is_usable = match last.result {
                Ok(_) => last.started.elapsed() < self.max_age,
                // A failure is shared by those who waited for it.
                Err(_) => arrived <= last.ended,
            };
            if is_usable {
                return last.result.clone();
            }
        }
        let started = Instant::now();
        let result = read.await;
        if let Ok(result) = &result {
            let bytes = (self.size_of)(result);
            self.lock_slots().set_bytes(key, &slot, bytes);
        }
        *shared = Some(SharedRead {
            started,
            ended: Instant::now(),
            result: result.clone(),
        });
        result
    }

    /// Drops all results. Later calls read again, even if a read is running.
    pub(super) fn clear(&self) {
        self.lock_slots().by_key.clear();
    }

    fn lock_slots(&self) -> MutexGuard<'_, Slots<K, T>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Reads {
        shared: SharedReads<u32, u32>,
        count: AtomicU32,
    }

    impl Reads {
        fn new() -> Self {
            Self {
                shared: SharedReads::new(Duration::from_secs(1), |_| 1),
                count: AtomicU32::new(0),
            }
        }

        async fn get(&self, key: u32) -> Result<u32, EngineError> {
            let read = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(self.count.fetch_add(1, Ordering::Relaxed))
            };
            self.shared.get(&key, read).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn callers_within_a_second_share_one_read() {
        let reads = Reads::new();
        let (first, second) = tokio::join!(reads.get(1), reads.get(1));
        assert_eq!((first.unwrap(), second.unwrap()), (0, 0));
        assert_eq!(reads.get(2).await.unwrap(), 1);
        assert_eq!(reads.get(1).await.unwrap(), 0);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(reads.get(1).await.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_after_clear_reads_anew_even_during_a_read() {
        let reads = Reads::new();
        let later = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            reads.shared.clear();
            reads.get(1).await
        };
        let (first, second) = tokio::join!(reads.get(1), later);
        assert_eq!((first.unwrap(), second.unwrap()), (0, 1));
        assert_eq!(reads.get(1).await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_with_those_who_waited_only() {
        let shared = SharedReads::<u32, u32>::new(Duration::from_secs(1), |_| 1);
        let count = AtomicU32::new(0);
        let get = || async {
            let read = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                count.fetch_add(1, Ordering::Relaxed);
                Err(EngineError::ShuttingDown)
            };
            shared.get(&1, read).await
        };
        let _ = tokio::join!(get(), get(), get());
        assert_eq!(count.load(Ordering::Relaxed), 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        let _ = get().await;
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn the_number_of_results_is_bounded() {
        let shared = SharedReads::new(Duration::from_secs(1), |_| 1);
        for key in 0..1_000 {
            shared.get(&key, async { Ok(key) }).await.unwrap();
        }
        assert!(shared.lock_slots().by_key.len() <= MAX_ENTRIES);
    }

    #[tokio::test]
    async fn the_size_of_all_results_is_bounded() {
        const RESULT_BYTES: usize = 5 << 20;
        let shared = SharedReads::new(Duration::from_secs(1), |_| RESULT_BYTES);
        for key in 0..20 {
            let result = shared.get(&key, async { Ok(key) }).await;
            assert_eq!(result.unwrap(), key);
            let stored = shared.lock_slots().by_key.len();
            assert!(stored * RESULT_BYTES <= MAX_BYTES, "{stored}");
        }
    }
    #[tokio::test(start_paused = true)]
    async fn a_result_in_use_is_not_evicted() {
        let sizes: [fn(&usize) -> usize; 2] = [|_| 1, |result| *result];
        for size_of in sizes {
            let shared = SharedReads::new(Duration::from_secs(1), size_of);
            let mut reads = 0;
            for other in 1..1_000 {
                let used = shared.get(&0, async {
                    reads += 1;
                    Ok(1)
                });
                used.await.unwrap();
                let large = shared.get(&other, async { Ok(5 << 20) });
                large.await.unwrap();
            }
            assert_eq!(reads, 1);
        }
    }

    #[tokio::test]
    async fn a_result_above_the_maximum_size_is_stored_alone() {
        let shared = SharedReads::new(Duration::from_secs(1), |_| 2 * MAX_BYTES);
        for key in 0..3 {
            shared.get(&key, async { Ok(key) }).await.unwrap();
            let keys: Vec<_> = shared.lock_slots().by_key.keys().copied().collect();
            assert_eq!(keys, [key]);
        }
    }
}
