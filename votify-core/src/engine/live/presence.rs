use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::broadcast::InstanceId;

/// The time after which another instance's number of viewers expires if it is not
/// repeated.
const EXPIRY: Duration = Duration::from_secs(5);
/// The time between two repetitions of a number of viewers. One repetition may get lost
/// before the number expires.
const REPEAT_INTERVAL: Duration = Duration::from_secs(2);

/// Decides when this instance announces its number of viewers to the others.
#[derive(Debug, Default)]
pub(super) struct PresenceAnnouncer {
    last: Option<(u32, Instant)>,
}

impl PresenceAnnouncer {
    /// Returns true if the viewer count should be announced: when it changed, or every
    /// 2 s while it is non-zero.
    pub(super) fn should_announce(&mut self, viewers: u32, now: Instant) -> bool {
        let announce = match self.last {
            Some((last, at)) if last == viewers => {
                viewers > 0 && now.duration_since(at) >= REPEAT_INTERVAL
            }
            _ => true,
        };
        if announce {
            self.last = Some((viewers, now));
        }
        announce
    }
}

/// The numbers of viewers that other instances have on a poll.
#[derive(Debug, Default)]
pub(super) struct Presence {
    instances: HashMap<InstanceId, (u32, Instant)>,
}

impl Presence {
    /// Records another instance's number of viewers.
    pub(super) fn update(&mut self, instance: InstanceId, viewers: u32, now: Instant) {
        self.instances.insert(instance, (viewers, now));
    }

    /// Removes expired numbers, and returns the sum of the others.
    pub(super) fn remote_total(&mut self, now: Instant) -> u32 {
        self.instances.retain(|_, (viewers, received_at)| {
            *viewers > 0 && now.duration_since(*received_at) <= EXPIRY
        });
        self.instances
            .values()
            .fold(0, |sum, (viewers, _)| sum.saturating_add(*viewers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewer_count_is_announced_on_change_and_every_two_seconds() {
        let (mut announcer, start) = (PresenceAnnouncer::default(), Instant::now());
        let mut announces = |viewers, seconds| {
            announcer.should_announce(viewers, start + Duration::from_secs(seconds))
        };
        assert!(
            announces(0, 0),
            "the first 0 replaces the number of an earlier room of this instance"
        );
        assert!(announces(3, 1) && !announces(3, 2) && announces(3, 3));
        assert!(announces(0, 4) && !announces(0, 60));
    }

    #[test]
    fn unannounced_instance_expires() {
        let (mut presence, start) = (Presence::default(), Instant::now());
        presence.update(InstanceId(1), 7, start);
        presence.update(InstanceId(2), u32::MAX, start + EXPIRY);
        assert_eq!(presence.remote_total(start + EXPIRY), u32::MAX);
        let later = start + EXPIRY + Duration::from_millis(1);
        presence.update(InstanceId(2), 1, later);
        assert_eq!(presence.remote_total(later), 1);
        presence.update(InstanceId(2), 0, later);
        assert_eq!(presence.remote_total(later), 0);
        assert!(presence.instances.is_empty());
    }
}
