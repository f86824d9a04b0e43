use serde::{Deserialize, Serialize};

/// Whether public lists and searches contain a poll. Everybody who has its id can read
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// The poll is in the public lists, and its votes count toward trending.
    Public,
    /// The poll is only in lists of its owner and of the host.
    #[default]
    Unlisted,
}
