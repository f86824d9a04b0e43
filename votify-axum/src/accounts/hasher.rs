//! Hashing passwords, which takes a processor for tens of milliseconds and many megabytes: a few at a time, on threads of
//! their own.

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

/// How long a caller waits for its turn and the hash.
const PATIENCE: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;

/// Hashes passwords and checks them.
///
/// A place is the work's, not the caller's: a caller who goes away frees none before the hash is done. Dropped, its threads end
/// with the work in hand.
pub(super) struct Hasher {
    queue: SyncSender<Work>,
    argon2: Argon2<'static>,
    hashed: Arc<AtomicU64>,
    turned_away: AtomicU64,
}

/// What was done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashingStats {
    /// Passwords hashed, to be kept or to be checked.
    pub(crate) hashed: u64,
    /// Callers turned away because too many were waiting.
    pub(crate) turned_away: u64,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HashingError {
    #[error("too many passwords are waiting to be hashed")]
    Full,
    #[error("a password cannot be hashed")]
    Failed,
    #[error("a stored password hash cannot be read")]
    Unreadable,
}

impl Hasher {
    pub(super) fn new(hashing: PasswordHashing) -> Self {
        let (queue, waiting) = sync_channel(hashing.waiting);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..hashing.at_once {
            let waiting = Arc::clone(&waiting);
            let thread = thread::Builder::new().name("votify-passwords".to_owned());
            if let Err(error) = thread.spawn(move || work_off(&waiting)) {
                // With none at all every caller is told to come later.
                tracing::error!(%error, "a thread for hashing passwords does not start");
            }
        }
        Self {
            queue,
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, hashing.params()),
            hashed: Arc::default(),
            turned_away: AtomicU64::new(0),
        }
    }

    /// A password as it is kept.
    pub(super) async fn hash(&self, password: Password) -> Result<PasswordHash, HashingError> {
        let argon2 = self.argon2.clone();
        let hashed = Arc::clone(&self.hashed);
        let work = move || {
            hashed.fetch_add(1, Ordering::Relaxed);
            argon2.hash_password(password.as_bytes())
        };
        let hash = self.run(work).await?.map_err(|_| HashingError::Failed)?;
        PasswordHash::new(hash.to_string()).ok_or(HashingError::Failed)
    }

    /// Whether a password is the one of `kept`; without one it is not, and finding that out costs the same.
    pub(super) async fn check(
        &self,
        password: Password,
        kept: Option<&PasswordHash>,
    ) -> Result<bool, HashingError> {
        let expected = match kept {
            Some(kept) => Phc::new(kept.as_str()).map_err(|_| HashingError::Unreadable)?,
            None => decoy(self.argon2.params())?,
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
            Err(_) => Err(HashingError::Unreadable),
        }
    }

    pub(super) fn stats(&self) -> HashingStats {
        HashingStats {
            hashed: self.hashed.load(Ordering::Relaxed),
            turned_away: self.turned_away.load(Ordering::Relaxed),
        }
    }

    /// Has a thread do `work` in its turn.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(move || {
            // Nothing is begun for who has gone.
            if !reply.is_closed() {
                let _ = reply.send(work());
            }
        });
        let full = || {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            HashingError::Full
        };
        self.queue.try_send(work).map_err(|_| full())?;
        match timeout(PATIENCE, answer).await {
            Ok(answer) => answer.map_err(|_| HashingError::Failed),
            Err(_) => Err(full()),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Takes one after the other until nobody can bring more.
fn work_off(waiting: &Mutex<Receiver<Work>>) {
    yield_to_others();
    loop {
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(work) = next else { return };
        // Whoever waits for it hears that it failed; the thread is there for the next one.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

/// Lets this thread run when others leave time for it, so that votes do not wait for log-ins.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        /// A tenth of a processor against a busy thread, the whole of it against none.
        const NICENESS: i32 = 10;
        // On Linux this is about the calling thread alone. Where it is forbidden hashing is only less polite.
        if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
            tracing::debug!(%error, "passwords are hashed at the usual priority");
        }
    }
}

/// The hash of no password: what is checked for names that nobody has. It costs what a real one does.
fn decoy(params: &argon2::Params) -> Result<Phc, HashingError> {
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
