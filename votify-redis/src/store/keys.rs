use votify_core::{JoinCode, OwnerId, PollId};

use crate::connect::Redis;

/// Revisions per segment of the revision log: 65 536, which is 1 MiB of voters.
pub(super) const REVISIONS_PER_SEGMENT: u64 = 1 << 16;
/// Size of a voter and of a ballot id in bytes.
pub(super) const ID_BYTES: usize = 16;

/// The keys of one poll. On a cluster, all of them are in one cluster slot.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    redis: &'a Redis,
    id: PollId,
    /// Hash with the fields `state` and `definition`.
    pub(super) poll: String,
    /// String: the attempt that has reserved the next write after a conflict.
    pub(super) reservation: String,
    /// Hash of active ballots by voter. Its fields guarantee one ballot per voter.
    pub(super) votes: String,
    /// Hash of superseded ballots by voter and ballot id. A voter who withdrew a ballot has
    /// an empty value, by voter alone.
    pub(super) superseded: String,
    /// Set of invited voters.
    pub(super) invited: String,
    /// Hash of addresses by voter, for polls with an address quota.
    pub(super) voter_addresses: String,
    /// Hash of the number of active ballots by address.
    pub(super) address_counts: String,
}

/// Returns the key of a join code: a hash with the fields `poll` and `nonce`, and
/// `reserved_at` until the poll is created. On a cluster, not in the poll's slot.
pub(super) fn join_code_key(redis: &Redis, code: JoinCode) -> String {
    redis.key(&format!("join_code:{code}"))
}

/// Returns the key of the set of sessions that an account claimed.
pub(super) fn claims_key(redis: &Redis, account: OwnerId) -> String {
    let account = u128::from_be_bytes(*account.as_bytes());
    redis.key(&format!("claims:{account:032x}"))
}

/// Returns the key of readiness probes. Its value has no meaning.
pub(super) fn probe_key(redis: &Redis) -> String {
    redis.key("probe")
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

    /// Returns the key of a segment of the revision log.
    ///
    /// The revision log lists the voter of each revision. A segment is a string of the
    /// voters of [`REVISIONS_PER_SEGMENT`] revisions, in order. A revision that no ballot
    /// made is 16 zero bytes.
    pub(super) fn segment(&self, index: u64) -> String {
        self.redis
            .poll_key(self.id, &format!("revision_log:{index}"))
    }

    /// Returns the segments of the revision log that hold revisions `first` to `last`.
    ///
    /// Each has its key, the offset of its first revision, and the number of revisions.
    pub(super) fn segments(&self, first: u64, last: u64) -> Vec<(String, u64, u64)> {
        let mut segments = Vec::new();
        // Revision 1 is at index 0: no ballot makes revision 0.
        let mut index = first.saturating_sub(1);
        while index < last {
            let segment = index / REVISIONS_PER_SEGMENT;
            let end = last.min((segment + 1).saturating_mul(REVISIONS_PER_SEGMENT));
            segments.push((
                self.segment(segment),
                index % REVISIONS_PER_SEGMENT,
                end - index,
            ));
            index = end;
        }
        segments
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
        let segments = revision.div_ceil(REVISIONS_PER_SEGMENT);
        keys.extend((0..segments).map(|index| self.segment(index)));
        keys
    }
}
