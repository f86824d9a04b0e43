use serde::{Deserialize, Serialize};

use crate::id::OptionId;

/// One thing that can be voted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollOption {
    /// Its name; it stays when the text is edited.
    pub id: OptionId,
    /// What it says, trimmed, 1 to [`OPTION_TEXT_MAX`](super::OPTION_TEXT_MAX) characters, no two alike in a poll.
    pub text: String,
}
