//! Forms that were sent lately, so that a form that is sent twice is carried out once.

use std::fmt;
use std::time::Duration;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use votify_core::Timestamp;
use votify_core::secret::Mac;

use crate::error::Problem;

/// Bytes of an entry without its result: key, expiry and bookkeeping.
const ENTRY_BYTES: u64 = 256;
/// The number of forms for which the cache is laid out.
const EXPECTED_FORMS: usize = 1_024;
/// Maximum bytes of all results.
const MAX_BYTES: u64 = 4 << 20;

/// Identifies one sending of a form: a MAC of its session, address and fields. The fields
/// contain the form token, and each page has a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FormId(pub(super) [u8; 32]);

impl From<Mac> for FormId {
    fn from(mac: Mac) -> Self {
        Self(*mac.as_bytes())
    }
}

/// The result of carrying out a form.
pub(crate) trait FormResult: Clone + Send + Sync + 'static {
    /// Returns about the size in bytes.
    fn bytes(&self) -> u64;
}

/// The results of forms of one kind, in the memory of this instance: at most 4 MiB. The
/// least used ones are evicted.
pub(crate) struct SentForms<T> {
    results: Cache<FormId, Entry<T>, ByBytes>,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    result: T,
    expires_at: Timestamp,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl<T: FormResult> Weighter<FormId, Entry<T>> for ByBytes {
    fn weight(&self, _: &FormId, entry: &Entry<T>) -> u64 {
        entry.result.bytes().saturating_add(ENTRY_BYTES)
    }
}

impl<T: FormResult> SentForms<T> {
    /// Creates an empty cache.
    pub(crate) fn new() -> Self {
        Self {
            results: Cache::with_weighter(EXPECTED_FORMS, MAX_BYTES, ByBytes),
        }
    }

    /// Returns the stored result of a form.
    pub(super) fn get(&self, form: FormId, now: Timestamp) -> Option<T> {
        let entry = self.results.get(&form)?;
        (now < entry.expires_at).then_some(entry.result)
    }

    /// Removes the result of a form if `is_outdated` returns true for it. A form that is being
    /// carried out has none.
    pub(super) fn remove_if(&self, form: FormId, is_outdated: impl FnOnce(&T) -> bool) {
        self.results
            .remove_if(&form, |entry| is_outdated(&entry.result));
    }

    /// Returns the stored result of a form, or runs `carry_out` and stores what it returns for
    /// `lifetime`. If the form is being carried out, waits for the result. An error is not
    /// stored.
    ///
    /// # Errors
    /// - Those of `carry_out`.
    pub(super) async fn run_once(
        &self,
        form: FormId,
        now: Timestamp,
        lifetime: Duration,
        carry_out: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        self.results
            .remove_if(&form, |entry| now >= entry.expires_at);
        let entry = async {
            let result = carry_out.await?;
            let expires_at = now.saturating_add(lifetime);
            Ok(Entry { result, expires_at })
        };
        let entry = self.results.get_or_insert_async(&form, entry).await;
        entry.map(|entry| entry.result)
    }
}

impl<T> fmt::Debug for SentForms<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentForms").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::error::ErrorCode;

    impl FormResult for u32 {
        fn bytes(&self) -> u64 {
            4
        }
    }

    const FORM: FormId = FormId([1; 32]);
    const LIFETIME: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_form_is_carried_out_once_within_the_lifetime() {
        let forms = SentForms::new();
        let runs = AtomicU32::new(0);
        let run = async || {
            tokio::task::yield_now().await;
            Ok(runs.fetch_add(1, Ordering::Relaxed))
        };
        let now = Timestamp::EPOCH;
        let (first, second) = tokio::join!(
            forms.run_once(FORM, now, LIFETIME, run()),
            forms.run_once(FORM, now, LIFETIME, run())
        );
        assert_eq!((first.unwrap(), second.unwrap()), (0, 0));
        let other = forms.run_once(FormId([2; 32]), now, LIFETIME, run()).await;
        assert_eq!(other.unwrap(), 1);
        let late = now.saturating_add(LIFETIME);
        assert_eq!(forms.get(FORM, late), None);
        assert_eq!(
            forms.run_once(FORM, late, LIFETIME, run()).await.unwrap(),
            2
        );
    }

    #[tokio::test]
    async fn a_form_that_failed_is_carried_out_again() {
        let forms = SentForms::new();
        let now = Timestamp::EPOCH;
        let failed = async { Err(ErrorCode::Overloaded.into()) };
        let failed = forms.run_once(FORM, now, LIFETIME, failed).await;
        assert_eq!(failed.unwrap_err().code(), "overloaded");
        let done = forms.run_once(FORM, now, LIFETIME, async { Ok(7) }).await;
        assert_eq!(done.unwrap(), 7);
    }
}
