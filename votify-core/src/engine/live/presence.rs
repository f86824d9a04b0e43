use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::broadcast::NodeId;

/// How long another node's count is believed without being repeated.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(5);
/// How often a count is repeated.
pub(super) const REPEATED_EVERY: Duration = Duration::from_secs(2);

/// The viewers that other nodes have on a poll.
#[derive(Debug, Default)]
pub(super) struct Presence {
    nodes: HashMap<NodeId, (u32, Instant)>,
}

impl Presence {
    /// Hears of another node's viewers.
    pub(super) fn hear(&mut self, node: NodeId, viewers: u32, now: Instant) {
        self.nodes.insert(node, (viewers, now));
    }

    /// How many viewers the other nodes have, as far as was heard lately.
    pub(super) fn elsewhere(&mut self, now: Instant) -> u32 {
        self.nodes.retain(|_, (viewers, heard)| {
            *viewers > 0 && now.duration_since(*heard) <= FORGOTTEN_AFTER
        });
        self.nodes
            .values()
            .fold(0, |sum, (viewers, _)| sum.saturating_add(*viewers))
    }
}
