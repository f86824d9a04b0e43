use votify_core::{BallotKind, Poll};

use super::times::plural;

/// Returns the number of votes in a poll, or of voters where a ballot has several options.
pub(super) fn votes_text(poll: &Poll, total: u64) -> String {
    match (total, poll.rules.ballot) {
        (0, _) => "No votes yet".to_owned(),
        (_, BallotKind::Single) => plural(total, "vote"),
        _ => plural(total, "voter"),
    }
}
