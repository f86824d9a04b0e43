use std::fmt;

/// The failures that an acknowledged vote survives, by the settings of the database or
/// server at connect.
///
/// Ordered: a value that survives more compares greater. For several servers, a store
/// reports the weakest. The value covers one server only: a replica that replaces it
/// may lack the last votes.
///
/// ```
/// use votify_core::store::Durability;
///
/// assert!(Durability::PowerLoss > Durability::ProcessCrash);
/// assert!(Durability::PowerLoss.is_durable());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// The server does not report its settings, as some managed servers do. Nothing can
    /// be promised.
    Unknown,
    /// Nothing: votes are lost when the process or the connection ends, or a crash may
    /// damage the whole database.
    Nothing,
    /// The last snapshot. Later votes are lost when the server's process or machine
    /// stops.
    LastSnapshot,
    /// All but the last seconds before the server's machine stops. The end of its process
    /// alone loses nothing.
    LastSeconds,
    /// The end of the process, however sudden. A loss of power may take the last votes
    /// with it.
    ProcessCrash,
    /// The end of the process and a loss of power, unless the disk reports data as
    /// written before it is.
    PowerLoss,
}

impl Durability {
    /// Returns true if no crash and no loss of power loses an acknowledged vote.
    #[must_use]
    pub const fn is_durable(self) -> bool {
        matches!(self, Self::PowerLoss)
    }
}

impl fmt::Display for Durability {
    /// Writes what happens to acknowledged votes, as part of a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown, because the server does not report its settings",
            Self::Nothing => "lost if the server's process or machine stops",
            Self::LastSnapshot => {
                "lost if the server's process or machine stops before the next snapshot"
            }
            Self::LastSeconds => "the last seconds may be lost if the server's machine stops",
            Self::ProcessCrash => "the last ones may be lost if the power fails",
            Self::PowerLoss => "kept if the server's process or machine stops",
        })
    }
}
