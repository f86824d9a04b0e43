use redis::Value;
use votify_core::ballot::ActiveBallot;
use votify_core::{PollId, VoterId};

use super::error::{Damaged, Fault};
use super::record::{self, Kept};

/// What a script saw of a poll at one moment.
#[derive(Debug)]
pub(super) struct Seen {
    id: PollId,
    /// The server's run.
    pub(super) run: Vec<u8>,
    /// The server's time, in milliseconds.
    time: u64,
    /// Whether somebody else asked to write next.
    pub(super) is_others_turn: bool,
    /// The state as it is kept; `None` if there is no such poll.
    state: Option<Vec<u8>>,
    definition: Vec<u8>,
    /// Rows by the place of what was asked for.
    pub(super) votes: Vec<(usize, Vec<u8>)>,
    pub(super) superseded: Vec<(usize, Vec<u8>)>,
    /// What a page has besides.
    pub(super) voters: Vec<u8>,
    pub(super) standing: u64,
}

/// What a script that writes answers.
#[derive(Debug)]
pub(super) enum Written {
    Done,
    /// Nothing, because the poll is not as it was read: this is how it is.
    Moved(Seen),
}

/// A poll as it is to be used: in the epoch of the server's run.
#[derive(Debug, Clone)]
pub(super) struct Current {
    pub(super) kept: Kept,
    /// The kept bytes, which a script compares.
    pub(super) read: Vec<u8>,
    /// Whether its epoch was raised, so that it must be written whatever else happens.
    pub(super) raised: bool,
}

impl Seen {
    pub(super) fn read(id: PollId, answer: Value) -> Result<Self, Fault> {
        let damaged = || Damaged::of(id, "the answer of a script");
        let mut parts = list(answer).ok_or_else(damaged)?.into_iter();
        let run = parts.next().and_then(bytes).ok_or_else(damaged)?;
        let seconds = parts.next().and_then(number).ok_or_else(damaged)?;
        let micros = parts.next().and_then(number).ok_or_else(damaged)?;
        let turn = parts.next().and_then(number).ok_or_else(damaged)?;
        let state = parts.next().and_then(bytes);
        let definition = parts.next().and_then(bytes).unwrap_or_default();
        let mut rows = || match parts.next() {
            None | Some(Value::Nil) => Ok(Vec::new()),
            Some(value) => list(value).and_then(pairs).ok_or_else(damaged),
        };
        let votes = rows()?;
        let superseded = rows()?;
        let voters = parts.next().and_then(bytes).unwrap_or_default();
        let standing = parts.next().and_then(number).unwrap_or_default();
        Ok(Self {
            id,
            run,
            time: seconds.saturating_mul(1000).saturating_add(micros / 1000),
            is_others_turn: turn != 0,
            state,
            definition,
            votes,
            superseded,
            voters,
            standing,
        })
    }

    /// The poll, if it exists.
    ///
    /// A server that was started anew may have lost what it acknowledged before: what is written from now on is in an epoch
    /// that never was. The next number might have been given by a run of which nothing is left; a later time was not.
    pub(super) fn current(&self) -> Result<Option<Current>, Fault> {
        let Some(state) = &self.state else {
            return Ok(None);
        };
        let mut kept = record::decode(self.id, state, &self.definition)?;
        let raised = kept.run != self.run;
        if raised {
            let epoch = &mut kept.state.tally.position.epoch;
            *epoch = epoch.saturating_add(1).max(self.time);
        }
        Ok(Some(Current {
            kept,
            read: state.clone(),
            raised,
        }))
    }

    pub(super) fn damaged(&self, what: &'static str) -> Damaged {
        Damaged::of(self.id, what)
    }

    /// The standing ballots found, with the places of their voters.
    pub(super) fn standing(
        &self,
        voter_at: impl Fn(usize) -> Option<VoterId>,
    ) -> Result<Vec<(usize, ActiveBallot)>, Fault> {
        let mut found = Vec::with_capacity(self.votes.len());
        for (place, vote) in &self.votes {
            let voter = voter_at(*place).ok_or_else(|| self.damaged("a voter"))?;
            found.push((*place, record::decode_vote(self.id, voter, vote)?));
        }
        Ok(found)
    }
}

impl Written {
    pub(super) fn read(id: PollId, answer: Value) -> Result<Self, Fault> {
        match answer {
            Value::Int(1) => Ok(Self::Done),
            other => Ok(Self::Moved(Seen::read(id, other)?)),
        }
    }
}

pub(super) fn list(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(values) => Some(values),
        _ => None,
    }
}

pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

pub(super) fn number(value: Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(number).ok(),
        Value::BulkString(bytes) => std::str::from_utf8(&bytes).ok()?.parse().ok(),
        _ => None,
    }
}

pub(super) fn pairs(values: Vec<Value>) -> Option<Vec<(usize, Vec<u8>)>> {
    let mut pairs = Vec::with_capacity(values.len() / 2);
    let mut values = values.into_iter();
    while let Some(place) = values.next() {
        let place = usize::try_from(number(place)?).ok()?;
        pairs.push((place, bytes(values.next()?)?));
    }
    Some(pairs)
}
