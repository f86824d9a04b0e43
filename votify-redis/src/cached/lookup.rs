use std::sync::Arc;

use votify_core::{Poll, PollId, Position, Tally, VoterId};

use super::mark::Mark;

/// A poll with its tally, of one version.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) poll: Arc<Poll>,
    pub(super) tally: Arc<Tally>,
}

/// What Redis knew of a poll at one moment.
#[derive(Debug)]
pub(super) struct Look {
    /// The moment, in microseconds of Redis' clock.
    pub(super) now: u64,
    pub(super) found: Found,
    marks: Vec<Option<Mark>>,
    /// Of which epoch the marks are.
    epoch: Option<u64>,
}

#[derive(Debug)]
pub(super) enum Found {
    /// Nothing that may be relied on now.
    Nothing,
    /// It was deleted.
    Dead,
    /// Something that this library did not write.
    Garbage,
    /// The poll as the store had it less than a lease ago.
    Current(State),
}

/// What the script answers: time, state, the epoch of the marks, the marks.
pub(super) type Reply = (u64, Fields, Option<Vec<u8>>, Fields);
type Fields = Vec<Option<Vec<u8>>>;

impl Look {
    /// Makes sense of an answer, or finds that there is none in it. Nothing is relied on for longer than `lease`, whatever
    /// it says.
    pub(super) fn read(poll: PollId, reply: Reply, lease: u64) -> Self {
        let (now, state, epoch, marks) = reply;
        let found = if state.iter().all(Option::is_none) {
            Found::Nothing
        } else if state.get(4).is_some_and(Option::is_some) {
            Found::Dead
        } else {
            read_state(poll, state, now, lease).unwrap_or(Found::Garbage)
        };
        let read = |mark: Option<Vec<u8>>| mark.and_then(|mark| Mark::read(&mark));
        Self {
            now,
            found,
            marks: marks.into_iter().map(read).collect(),
            epoch: epoch.and_then(|epoch| number(&epoch)),
        }
    }

    /// The marks of the voters who were asked for, if they are of this epoch.
    pub(super) fn marks_of(&self, epoch: u64) -> &[Option<Mark>] {
        if self.epoch == Some(epoch) {
            &self.marks
        } else {
            &[]
        }
    }

    pub(super) fn marks(&self) -> &[Option<Mark>] {
        &self.marks
    }
}

/// `None` if it is not ours.
fn read_state(id: PollId, state: Fields, now: u64, lease: u64) -> Option<Found> {
    let [position, tally, poll, until, _dead] = <[_; 5]>::try_from(state).ok()?;
    let (position, tally) = (position?, tally?);
    let tally: Tally = serde_json::from_slice(&tally).ok()?;
    if tally.poll != id || position != position_text(tally.position).as_bytes() {
        return None;
    }
    let Some(poll) = poll else {
        return Some(Found::Nothing);
    };
    let poll: Poll = serde_json::from_slice(&poll).ok()?;
    if poll.id != id || poll.version != tally.version || poll.is_sealed() != tally.sealed {
        return None;
    }
    let Some(until) = until else {
        return Some(Found::Nothing);
    };
    let until = number(&until)?;
    // Beyond the lease: the clock was set back, or somebody has longer leases.
    if until <= now || until > now.saturating_add(lease) {
        return Some(Found::Nothing);
    }
    Some(Found::Current(State {
        poll: Arc::new(poll),
        tally: Arc::new(tally),
    }))
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Compares as text as positions do.
pub(super) fn position_text(position: Position) -> String {
    format!("{:020}{:020}", position.epoch, position.revision)
}

/// Compares as text as versions do.
pub(super) fn version_text(version: u64) -> String {
    format!("{version:020}")
}

/// The name of a voter's mark.
pub(super) fn field(voter: &VoterId) -> &[u8] {
    voter.as_bytes()
}
