use votify_core::PollId;

use crate::connect::Redis;

/// How many revisions one part of the order holds: a mebibyte of voters.
pub(super) const PART: u64 = 1 << 16;
/// The bytes of a voter, and of a ballot's id.
pub(super) const ID: usize = 16;

/// The keys of one poll, all in one slot of a cluster.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    redis: &'a Redis,
    id: PollId,
    /// A hash of the poll's `state` and `definition`.
    pub(super) poll: String,
    /// Who is to write next, for a moment, after having lost a race.
    pub(super) turn: String,
    /// A hash of standing ballots by voter: the unique key that is the judge.
    pub(super) votes: String,
    /// A hash of ballots that count no more, by voter and ballot.
    pub(super) superseded: String,
    /// A set of voters who were invited.
    pub(super) invited: String,
    /// A hash of addresses by voter, in a poll with a quota for each address: from where ballots stand.
    pub(super) places: String,
    /// A hash of how many ballots stand from an address.
    pub(super) addresses: String,
}

impl<'a> Keys<'a> {
    pub(super) fn new(redis: &'a Redis, id: PollId) -> Self {
        Self {
            redis,
            id,
            poll: redis.poll_key(id, "poll"),
            turn: redis.poll_key(id, "turn"),
            votes: redis.poll_key(id, "votes"),
            superseded: redis.poll_key(id, "superseded"),
            invited: redis.poll_key(id, "invited"),
            places: redis.poll_key(id, "places"),
            addresses: redis.poll_key(id, "addresses"),
        }
    }

    /// A string of the voters whose ballots made [`PART`] revisions, one after the other.
    ///
    /// Other revisions leave nought in their places.
    pub(super) fn order(&self, part: u64) -> String {
        self.redis.poll_key(self.id, &format!("order:{part}"))
    }

    /// The parts of the order that hold these revisions, each with its key, the offset of the first of them within it, and
    /// how many there are.
    pub(super) fn order_parts(&self, first: u64, last: u64) -> Vec<(String, u64, u64)> {
        let mut parts = Vec::new();
        // Revision 0 is made by no ballot.
        let mut place = first.saturating_sub(1);
        while place < last {
            let end = last.min((place / PART + 1).saturating_mul(PART));
            parts.push((self.order(place / PART), place % PART, end - place));
            place = end;
        }
        parts
    }

    /// What is read of a poll.
    pub(super) fn to_read(&self) -> [&str; 4] {
        [&self.poll, &self.turn, &self.votes, &self.superseded]
    }

    /// Everything that may be kept of a poll of that revision.
    pub(super) fn all(&self, revision: u64) -> Vec<String> {
        let mut keys: Vec<String> = self.to_read().map(str::to_owned).to_vec();
        keys.extend([&self.invited, &self.places, &self.addresses].map(String::clone));
        keys.extend((0..revision.div_ceil(PART)).map(|part| self.order(part)));
        keys
    }
}
