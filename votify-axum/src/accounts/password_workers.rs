//! Threads that hash passwords.
//!
//! A hash takes a processor for tens of milliseconds and many megabytes. A few threads of
//! low priority do this work, with a bounded queue in front. Tokio's blocking pool with a
//! semaphore cannot replace them: a priority belongs to a thread and cannot be raised
//! again, and the pool's threads also open files and resolve names. Without the priority,
//! votes share the processors with hashes (decision 23).

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::password_hash::phc::{Output, PasswordHash as Phc, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::oneshot;
use tokio::time::timeout;
use votify_core::account::{Password, PasswordHash};

use crate::accounts::PasswordHashing;

/// Maximum time of a call in the queue and for the hash.
const TIMEOUT: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// Hashes and checks passwords.
///
/// A job that has started occupies its thread until it ends, even if its caller
/// disconnects. A queued job of a disconnected caller is skipped. After a drop, the
/// threads end with their current jobs.
pub(crate) struct PasswordWorkers {
    queue: SyncSender<Job>,
    argon2: Argon2<'static>,
    hashed: Arc<AtomicU64>,
    rejected: AtomicU64,
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashingStats {
    /// Passwords hashed, to store or to check them.
    pub(crate) hashed: u64,
    /// Callers rejected because the queue was full or too slow.
    pub(crate) rejected: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashingError {
    #[error("too many passwords are queued to be hashed")]
    Full,
    #[error("failed to hash a password")]
    Failed,
    #[error("malformed password hash in the account store")]
    MalformedHash,
}

impl PasswordWorkers {
    pub(crate) fn new(hashing: PasswordHashing) -> Self {
        let (queue, jobs) = sync_channel(hashing.max_queued);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..hashing.max_concurrent {
            let jobs = Arc::clone(&jobs);
            let thread = thread::Builder::new().name("votify-passwords".to_owned());
            if let Err(error) = thread.spawn(move || worker_loop(&jobs)) {
                // Without any thread, every caller gets `Full`.
                tracing::error!(%error, "failed to start a thread for password hashing");
            }
        }
        Self {
            queue,
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, hashing.params()),
            hashed: Arc::default(),
            rejected: AtomicU64::new(0),
        }
    }

    /// Returns the hash of a password, to be stored.
    pub(crate) async fn hash(&self, password: Password) -> Result<PasswordHash, HashingError> {
        let argon2 = self.argon2.clone();
        let hashed = Arc::clone(&self.hashed);
        let work = move || {
            hashed.fetch_add(1, Ordering::Relaxed);
            argon2.hash_password(password.as_bytes())
        };
        let hash = self.run(work).await?.map_err(|_| HashingError::Failed)?;
        PasswordHash::new(hash.to_string()).ok_or(HashingError::Failed)
    }

    /// Returns true if a password matches `stored`. With `None` the result is false, at
    /// the cost of a real check, so that the response time does not reveal which users
    /// exist.
    pub(crate) async fn check(
        &self,
        password: Password,
        stored: Option<&PasswordHash>,
    ) -> Result<bool, HashingError> {
        let expected = match stored {
            Some(stored) => Phc::new(stored.as_str()).map_err(|_| HashingError::MalformedHash)?,
            None => dummy_hash(self.argon2.params())?,
        };
        let argon2 = self.argon2.clone();
        let hashed = Arc::clone(&self.hashed);
        let work = move || {
            hashed.fetch_add(1, Ordering::Relaxed);
            argon2.verify_password(password.as_bytes(), &expected)
        };
        match self.run(work).await? {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(HashingError::MalformedHash),
        }
    }

    pub(crate) fn stats(&self) -> HashingStats {
        HashingStats {
            hashed: self.hashed.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
        }
    }

    /// Runs `work` on one of the threads.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let (reply, result) = oneshot::channel();
        let job = Box::new(move || {
            // Skips the work of a caller who disconnected.
            if !reply.is_closed() {
                let _ = reply.send(work());
            }
        });
        let reject = || {
            self.rejected.fetch_add(1, Ordering::Relaxed);
            HashingError::Full
        };
        self.queue.try_send(job).map_err(|_| reject())?;
        match timeout(TIMEOUT, result).await {
            Ok(result) => result.map_err(|_| HashingError::Failed),
            Err(_) => Err(reject()),
        }
    }
}

impl fmt::Debug for PasswordWorkers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordWorkers")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Runs jobs until the queue is closed.
fn worker_loop(jobs: &Mutex<Receiver<Job>>) {
    lower_priority();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A panic drops the job's reply channel, so its caller gets `Failed`.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// Lowers the priority of this thread, so that logins do not delay votes.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        /// About a tenth of a processor if another thread is busy, all of it otherwise.
        const NICENESS: i32 = 10;
        // On Linux this affects the calling thread only.
        if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
            tracing::debug!(%error, "failed to lower the priority of password hashing");
        }
    }
}

/// Returns a hash that no password matches and that costs as much to check as a real one.
fn dummy_hash(params: &argon2::Params) -> Result<Phc, HashingError> {
    let failed = |_| HashingError::Failed;
    Ok(Phc {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: params.try_into().map_err(|_| HashingError::Failed)?,
        salt: Some(Salt::generate()),
        hash: Some(Output::new(&Salt::generate().repeat(2)).map_err(failed)?),
    })
}

#[cfg(test)]
mod tests;
