use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::broadcast::NodeId;

/// How long another node's count is believed without being repeated.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(5);
/// How often a count is repeated.
const REPEATED_EVERY: Duration = Duration::from_secs(2);

/// The number of viewers that the other nodes were told last.
#[derive(Debug, Default)]
pub(super) struct Told(Option<(u32, Instant)>);

impl Told {
    /// Whether the others should hear that there are so many: another number than before, or the same again after a while. That
    /// there are none is said once.
    pub(super) fn is_news(&mut self, viewers: u32, now: Instant) -> bool {
        let is_news = match self.0 {
            None => true,
            Some((told, at)) if told == viewers => {
                viewers > 0 && now.duration_since(at) >= REPEATED_EVERY
            }
            Some(_) => true,
        };
        if is_news {
            self.0 = Some((viewers, now));
        }
        is_news
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_when_it_changes_and_every_two_seconds() {
        let (mut told, start) = (Told::default(), Instant::now());
        let mut news =
            |viewers, seconds| told.is_news(viewers, start + Duration::from_secs(seconds));
        assert!(news(0, 0), "whoever was told of others before forgets them");
        assert!(news(3, 1) && !news(3, 2) && news(3, 3));
        assert!(news(0, 4) && !news(0, 60));
    }

    #[test]
    fn a_node_that_fell_silent_is_forgotten() {
        let (mut presence, start) = (Presence::default(), Instant::now());
        presence.hear(NodeId(1), 7, start);
        presence.hear(NodeId(2), u32::MAX, start + FORGOTTEN_AFTER);
        assert_eq!(presence.elsewhere(start + FORGOTTEN_AFTER), u32::MAX);
        let later = start + FORGOTTEN_AFTER + Duration::from_millis(1);
        presence.hear(NodeId(2), 1, later);
        assert_eq!(presence.elsewhere(later), 1);
        presence.hear(NodeId(2), 0, later);
        assert_eq!(presence.elsewhere(later), 0);
        assert!(presence.nodes.is_empty());
    }
}
