use votify_core::PollId;

use crate::connect::Redis;

/// Revisions per part of the order: 65 536, which is 1 MiB of voters.
pub(super) const REVISIONS_PER_PART: u64 = 1 << 16;
/// Size of a voter and of a ballot id in bytes.
pub(super) const ID_BYTES: usize = 16;

/// The keys of one poll. On a cluster, all of them are in one slot.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    redis: &'a Redis,
    id: PollId,
    /// Hash with the fields `state` and `definition`.
    pub(super) poll: String,
    /// String: the session that has reserved the next write after a conflict.
    pub(super) reservation: String,
    /// Hash of active ballots by voter. Its fields guarantee one ballot per voter.
    pub(super) votes: String,
    /// Hash of superseded ballots by voter and ballot id.
    pub(super) superseded: String,
    /// Set of invited voters.
    pub(super) invited: String,
    /// Hash of addresses by voter, for polls with an address quota.
    pub(super) voter_addresses: String,
    /// Hash of the number of active ballots by address.
    pub(super) address_counts: String,
}

impl<'a> Keys<'a> {
    pub(super) fn new(redis: &'a Redis, id: PollId) -> Self {
        Self {
            redis,
            id,
            poll: redis.poll_key(id, "poll"),
            reservation: redis.poll_key(id, "reservation"),
            votes: redis.poll_key(id, "votes"),
            superseded: redis.poll_key(id, "superseded"),
            invited: redis.poll_key(id, "invited"),
            voter_addresses: redis.poll_key(id, "voter_addresses"),
            address_counts: redis.poll_key(id, "address_counts"),
        }
    }

    /// Returns the key of a part of the order.
    ///
    /// It is a string of the voters of [`REVISIONS_PER_PART`] revisions, in order.
    /// Revisions that are not made by a ballot are filled with zero bytes.
    pub(super) fn order(&self, part: u64) -> String {
        self.redis.poll_key(self.id, &format!("order:{part}"))
    }

    /// Returns the parts of the order that hold revisions `first` to `last`.
    ///
    /// Each has its key, the offset of its first revision, and the number of revisions.
    pub(super) fn order_parts(&self, first: u64, last: u64) -> Vec<(String, u64, u64)> {
        let mut parts = Vec::new();
        // Revision 1 is at index 0: no ballot makes revision 0.
        let mut index = first.saturating_sub(1);
        while index < last {
            let part = index / REVISIONS_PER_PART;
            let end = last.min((part + 1).saturating_mul(REVISIONS_PER_PART));
            parts.push((self.order(part), index % REVISIONS_PER_PART, end - index));
            index = end;
        }
        parts
    }

    /// Returns the keys that [`PollRead`](super::poll_read::PollRead) needs.
    pub(super) fn to_read(&self) -> [&str; 4] {
        [&self.poll, &self.reservation, &self.votes, &self.superseded]
    }

    /// Returns all keys that a poll of that revision may have.
    pub(super) fn all(&self, revision: u64) -> Vec<String> {
        let mut keys: Vec<String> = self.to_read().map(str::to_owned).to_vec();
        let others = [&self.invited, &self.voter_addresses, &self.address_counts];
        keys.extend(others.map(String::clone));
        let parts = revision.div_ceil(REVISIONS_PER_PART);
        keys.extend((0..parts).map(|part| self.order(part)));
        keys
    }
}
