use votify_core::PollId;

use crate::connect::Redis;

/// Separates these digests from digests of the same bytes for other purposes.
const CONTEXT: &str = "votify-redis 2026-11-28 partition of a poll";

/// Names the keys of one queue. On a cluster, the keys of a partition share one slot.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    redis: Redis,
    name: String,
}

impl Keys {
    pub(super) fn new(redis: Redis, name: &str) -> Self {
        Self {
            redis,
            name: name.to_owned(),
        }
    }

    /// A hash with the number of partitions.
    pub(super) fn queue(&self) -> String {
        self.redis.key(&format!("{{queue:{}}}", self.name))
    }

    /// A sorted set of a group's consumers, by the end of their leases.
    pub(super) fn members(&self, group: &str) -> String {
        self.redis
            .key(&format!("{{queue:{}}}:members:{group}", self.name))
    }

    /// A hash with the end of the log, and with commit and owner for each group.
    pub(super) fn state(&self, partition: u32) -> String {
        self.partition(partition, "state")
    }

    /// The stream of records.
    pub(super) fn log(&self, partition: u32) -> String {
        self.partition(partition, "log")
    }

    /// The stream of records that were set aside.
    pub(super) fn dead(&self, partition: u32) -> String {
        self.partition(partition, "dead")
    }

    fn partition(&self, partition: u32, suffix: &str) -> String {
        let name = &self.name;
        self.redis
            .key(&format!("{{queue:{name}:{partition}}}:{suffix}"))
    }
}

/// Returns the partition of a poll. It never changes, for the same number of partitions.
pub(super) fn partition_of(poll: PollId, partitions: u32) -> u32 {
    let digest = blake3::derive_key(CONTEXT, poll.as_bytes());
    let mut number = [0; 4];
    number.copy_from_slice(&digest[..4]);
    u32::from_be_bytes(number) % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_polls_never_change() {
        let partitions = [1_u8, 2, 3, 4].map(|n| partition_of(PollId::from_bytes([n; 16]), 8));
        // Another value would move polls of existing queues.
        assert_eq!(partitions, [6, 0, 1, 5]);
        assert_eq!(partition_of(PollId::from_bytes([7; 16]), 1), 0);
    }

    #[test]
    fn polls_are_spread_over_all_partitions() {
        let mut polls = [0_u32; 8];
        for n in 0..800_u128 {
            let poll = PollId::from_bytes((n << 64).to_be_bytes());
            polls[partition_of(poll, 8) as usize] += 1;
        }
        assert!(
            polls.iter().all(|polls| (60..140).contains(polls)),
            "{polls:?}"
        );
    }
}
