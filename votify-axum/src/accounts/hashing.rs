use std::num::NonZeroUsize;
use std::thread;

use argon2::Params;

/// What hashing a password costs, and how many are hashed at once.
///
/// The default is what OWASP's Password Storage Cheat Sheet recommends first for argon2id: 19 MiB, 2 passes, 1 lane. Memory is
/// bounded by [`at_once`](Self::at_once) times that.
///
/// ```
/// use votify_axum::PasswordHashing;
///
/// let hashing = PasswordHashing::argon2id(46 * 1024, 1, 1)?.at_once(2);
/// assert!(PasswordHashing::argon2id(4, 1, 1).is_err());
/// # Ok::<(), votify_axum::InvalidHashing>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordHashing {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    pub(super) at_once: usize,
    pub(super) waiting: usize,
}

/// Argon2 knows no such parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("argon2id takes 1 or more passes, 1 or more lanes, and 8 KiB or more for each lane")]
pub struct InvalidHashing;

impl PasswordHashing {
    /// Argon2id with so much memory, so many passes over it and so many lanes.
    ///
    /// Hashes that were made with other parameters are checked with theirs.
    ///
    /// # Errors
    /// If argon2 knows no such parameters.
    pub fn argon2id(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidHashing> {
        Params::new(memory_kib, passes, lanes, None).map_err(|_| InvalidHashing)?;
        Ok(Self {
            memory_kib,
            passes,
            lanes,
            ..Self::default()
        })
    }

    /// How many passwords are hashed at the same time, at least 1. Default half as many as there are processors, so that
    /// votes go on.
    #[must_use]
    pub fn at_once(mut self, at_once: usize) -> Self {
        self.at_once = at_once.max(1);
        self
    }

    /// How many more may wait for their turn, for 10 seconds at most; whoever comes then is answered 503 `overloaded`.
    /// Default 64.
    #[must_use]
    pub const fn waiting(mut self, waiting: usize) -> Self {
        self.waiting = waiting;
        self
    }

    pub(super) fn params(self) -> Params {
        // Checked when they were set.
        Params::new(self.memory_kib, self.passes, self.lanes, None).unwrap_or_default()
    }
}

impl Default for PasswordHashing {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            memory_kib: Params::DEFAULT_M_COST,
            passes: Params::DEFAULT_T_COST,
            lanes: Params::DEFAULT_P_COST,
            at_once: (processors / 2).max(1),
            waiting: 64,
        }
    }
}
