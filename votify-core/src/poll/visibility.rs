use serde::{Deserialize, Serialize};

/// Whether lists, searches and trending show a poll. Everyone who has the id can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// The poll is in the public lists, and its votes count toward trending.
    Public,
    /// The poll is in its owner's lists and in the host's only.
    #[default]
    Unlisted,
}
