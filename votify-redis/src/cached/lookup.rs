use std::sync::Arc;

use votify_core::{Ballot, BallotId, Poll, PollId, Position, Tally, VoterId};

/// A poll and its tally, both of one version.
#[derive(Debug, Clone)]
pub(super) struct CachedPoll {
    pub(super) poll: Arc<Poll>,
    pub(super) tally: Arc<Tally>,
}

/// The result of one read of the cache.
#[derive(Debug)]
pub(super) struct Lookup {
    /// Time of the read, in microseconds of Redis' clock.
    pub(super) now: u64,
    pub(super) state: CacheState,
    fingerprints: Vec<Option<BallotFingerprint>>,
    /// Epoch of the fingerprints.
    epoch: Option<u64>,
}

/// The cached state of a poll.
#[derive(Debug)]
pub(super) enum CacheState {
    /// Nothing is cached, or its lease has expired.
    Miss,
    /// The poll was deleted.
    Tombstone,
    /// The value was not written by this library.
    Corrupt,
    /// The store had this state less than one lease ago.
    Hit(CachedPoll),
}

/// Reply of `get.lua`: time, state, epoch of the fingerprints, fingerprints.
pub(super) type Reply = (u64, Fields, Option<Vec<u8>>, Fields);
type Fields = Vec<Option<Vec<u8>>>;

impl Lookup {
    /// Parses a reply. Leases that last longer than `lease` microseconds are ignored.
    pub(super) fn parse(poll: PollId, reply: Reply, lease: u64) -> Self {
        let (now, state, epoch, fingerprints) = reply;
        let state = if state.iter().all(Option::is_none) {
            CacheState::Miss
        } else if state.get(4).is_some_and(Option::is_some) {
            CacheState::Tombstone
        } else {
            parse_state(poll, state, now, lease).unwrap_or(CacheState::Corrupt)
        };
        let parse = |bytes: Option<Vec<u8>>| BallotFingerprint::parse(&bytes?);
        Self {
            now,
            state,
            fingerprints: fingerprints.into_iter().map(parse).collect(),
            epoch: epoch.and_then(|epoch| parse_number(&epoch)),
        }
    }

    /// Returns the fingerprints of the requested voters, in order, if they are of
    /// `epoch`.
    pub(super) fn fingerprints_of(&self, epoch: u64) -> &[Option<BallotFingerprint>] {
        if self.epoch == Some(epoch) {
            &self.fingerprints
        } else {
            &[]
        }
    }

    /// Returns the fingerprints of any epoch.
    pub(super) fn fingerprints(&self) -> &[Option<BallotFingerprint>] {
        &self.fingerprints
    }
}

/// Returns `None` for values that this library did not write.
fn parse_state(id: PollId, state: Fields, now: u64, lease: u64) -> Option<CacheState> {
    let [position, tally, poll, lease_end, _tombstone] = <[_; 5]>::try_from(state).ok()?;
    let (position, tally) = (position?, tally?);
    let tally: Tally = serde_json::from_slice(&tally).ok()?;
    if tally.poll != id || position != sortable_position(tally.position).as_bytes() {
        return None;
    }
    let Some(poll) = poll else {
        return Some(CacheState::Miss);
    };
    let poll: Poll = serde_json::from_slice(&poll).ok()?;
    if poll.id != id || poll.version != tally.version || poll.is_sealed() != tally.sealed {
        return None;
    }
    let Some(lease_end) = lease_end else {
        return Some(CacheState::Miss);
    };
    let lease_end = parse_number(&lease_end)?;
    // A lease that ends too late means that Redis' clock went back, or that another
    // instance has a longer lease.
    if lease_end <= now || lease_end > now.saturating_add(lease) {
        return Some(CacheState::Miss);
    }
    Some(CacheState::Hit(CachedPoll {
        poll: Arc::new(poll),
        tally: Arc::new(tally),
    }))
}

fn parse_number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Formats a position so that text comparison orders positions.
pub(super) fn sortable_position(position: Position) -> String {
    format!("{:020}{:020}", position.epoch, position.revision)
}

/// Formats a version so that text comparison orders versions.
pub(super) fn sortable_version(version: u64) -> String {
    format!("{version:020}")
}

/// Identifies a voter's accepted ballot in Redis: a digest of the ballot's id.
///
/// Ballots with different fingerprints have different ids. A ballot with an equal
/// fingerprint may be a replay, so it goes to the store. Redis stores neither the id,
/// which may identify a client, nor the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BallotFingerprint([u8; 8]);

impl BallotFingerprint {
    pub(super) fn of(ballot: &Ballot) -> Self {
        Self::digest(ballot.poll, ballot.voter, ballot.id)
    }

    fn digest(poll: PollId, voter: VoterId, id: BallotId) -> Self {
        let mut hasher =
            blake3::Hasher::new_derive_key("votify 2026-11 fingerprint of an accepted ballot");
        for part in [poll.as_bytes(), voter.as_bytes(), id.as_bytes()] {
            hasher.update(part);
        }
        let mut fingerprint = [0; 8];
        hasher.finalize_xof().fill(&mut fingerprint);
        Self(fingerprint)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(super) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use votify_core::{Choice, OptionId, VoterPolicy};

    use super::*;

    #[test]
    fn fingerprint_depends_on_the_id_and_not_on_the_choice() {
        let ballot = |id, option| Ballot {
            id: BallotId::from_bytes([id; 16]),
            poll: PollId::from_bytes([7; 16]),
            voter: VoterId::new(VoterPolicy::Browser, [8; 15]),
            choice: Choice::one(OptionId::from_bytes([option; 16])),
            address: None,
            accepted: None,
        };
        let fingerprint = BallotFingerprint::of(&ballot(1, 1));
        assert_eq!(fingerprint, BallotFingerprint::of(&ballot(1, 2)));
        assert_ne!(fingerprint, BallotFingerprint::of(&ballot(2, 1)));
        let parsed = BallotFingerprint::parse(fingerprint.as_bytes());
        assert_eq!(parsed, Some(fingerprint));
        assert_eq!(BallotFingerprint::parse(b"short"), None);
    }
}
