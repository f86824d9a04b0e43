use std::num::NonZeroUsize;
use std::thread;

use argon2::Params;

/// The cost of hashing a password, and the limits of concurrent hashing.
///
/// Defaults to the first recommendation of OWASP's Password Storage Cheat Sheet for
/// argon2id: 19 MiB, 2 passes, 1 lane. Hashing uses at most
/// [`max_concurrent`](Self::max_concurrent) times that memory.
///
/// ```
/// use votify_axum::PasswordHashing;
///
/// let hashing = PasswordHashing::argon2id(46 * 1024, 1, 1)?.max_concurrent(2);
/// assert!(PasswordHashing::argon2id(4, 1, 1).is_err());
/// # Ok::<(), votify_axum::InvalidHashing>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordHashing {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    pub(super) max_concurrent: usize,
    pub(super) max_queued: usize,
}

/// The parameters are not valid for argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("argon2id needs at least 1 pass, at least 1 lane and at least 8 KiB per lane")]
pub struct InvalidHashing;

impl PasswordHashing {
    /// Uses argon2id with this memory in KiB, number of passes and number of lanes.
    ///
    /// Stored hashes with other parameters are checked with their own.
    ///
    /// # Errors
    /// - [`InvalidHashing`]: argon2id does not accept the parameters; choose others.
    pub fn argon2id(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidHashing> {
        Params::new(memory_kib, passes, lanes, None).map_err(|_| InvalidHashing)?;
        Ok(Self {
            memory_kib,
            passes,
            lanes,
            ..Self::default()
        })
    }

    /// Sets how many passwords are hashed at the same time. At least 1. Defaults to half
    /// the number of processors, so that votes are not delayed.
    #[must_use]
    pub fn max_concurrent(mut self, max: usize) -> Self {
        self.max_concurrent = max.max(1);
        self
    }

    /// Sets how many more passwords may be queued, for at most 10 s each. Further ones
    /// are answered 503 `overloaded`. Defaults to 64.
    #[must_use]
    pub const fn max_queued(mut self, max: usize) -> Self {
        self.max_queued = max;
        self
    }

    pub(super) fn params(self) -> Params {
        // Never the default: the constructor checked the parameters.
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
            max_concurrent: (processors / 2).max(1),
            max_queued: 64,
        }
    }
}
