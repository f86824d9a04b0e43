use redis::Value;
use votify_core::ballot::ActiveBallot;
use votify_core::{Poll, PollId, VoterId};

use super::error::{Corrupt, Error};
use super::record::{self, StoredPoll};

/// A consistent read of a poll by one script.
#[derive(Debug)]
pub(super) struct PollRead {
    id: PollId,
    /// The server's run id.
    pub(super) run: Vec<u8>,
    /// The server's time in milliseconds.
    time: u64,
    /// True if another attempt has reserved the next write.
    pub(super) is_reserved: bool,
    /// The encoded state; `None` if the poll does not exist.
    state: Option<Vec<u8>>,
    definition: Vec<u8>,
    /// Ballots, each with the index of its voter in the request.
    pub(super) votes: Vec<(usize, Vec<u8>)>,
    pub(super) superseded: Vec<(usize, Vec<u8>)>,
    /// Voters who withdrew a ballot, by their indexes in the request.
    pub(super) withdrawn: Vec<usize>,
    /// Only for pages: the voters of the page.
    pub(super) voters: Vec<u8>,
    /// Only for pages: the number of active ballots.
    pub(super) active_ballot_count: u64,
}

/// The result of a conditional write.
#[derive(Debug)]
pub(super) enum CasResult {
    Written,
    /// The poll changed after the read. Nothing was written; this is the current state.
    Conflict(Box<PollRead>),
}

/// A poll in the epoch of the server's current run.
#[derive(Debug, Clone)]
pub(super) struct CurrentPoll {
    pub(super) stored: StoredPoll,
    /// The encoded state as read, for comparison by a script.
    pub(super) encoded: Vec<u8>,
    /// True if the epoch was raised. Then the poll must be written even if nothing else
    /// changed.
    pub(super) epoch_raised: bool,
}

impl PollRead {
    pub(super) fn parse(id: PollId, reply: Value) -> Result<Self, Error> {
        let corrupt = || Corrupt::of(id, "the reply of a script");
        let mut parts = list(reply).ok_or_else(corrupt)?.into_iter();
        let run = parts.next().and_then(bytes).ok_or_else(corrupt)?;
        let seconds = parts.next().and_then(number).ok_or_else(corrupt)?;
        let micros = parts.next().and_then(number).ok_or_else(corrupt)?;
        let reserved = parts.next().and_then(number).ok_or_else(corrupt)?;
        let state = parts.next().and_then(bytes);
        let definition = parts.next().and_then(bytes).unwrap_or_default();
        let mut rows = || match parts.next() {
            None | Some(Value::Nil) => Ok(Vec::new()),
            Some(value) => list(value).and_then(indexed_rows).ok_or_else(corrupt),
        };
        let votes = rows()?;
        let superseded = rows()?;
        let withdrawn = rows()?.into_iter().map(|(index, _)| index).collect();
        let voters = parts.next().and_then(bytes).unwrap_or_default();
        let active_ballot_count = parts.next().and_then(number).unwrap_or_default();
        Ok(Self {
            id,
            run,
            time: seconds.saturating_mul(1000).saturating_add(micros / 1000),
            is_reserved: reserved != 0,
            state,
            definition,
            votes,
            superseded,
            withdrawn,
            voters,
            active_ballot_count,
        })
    }

    /// Returns the poll, if it exists.
    ///
    /// A restarted server may have lost acknowledged writes, so the poll continues in a
    /// new epoch. The next epoch number could have been used by a lost run. The server's
    /// time could not, so the epoch is at least that time.
    pub(super) fn current(&self) -> Result<Option<CurrentPoll>, Error> {
        let Some(state) = &self.state else {
            return Ok(None);
        };
        let mut stored = record::decode(self.id, state, &self.definition)?;
        let epoch_raised = stored.run != self.run;
        if epoch_raised {
            let epoch = &mut stored.state.tally.position.epoch;
            *epoch = epoch.saturating_add(1).max(self.time);
        }
        Ok(Some(CurrentPoll {
            stored,
            encoded: state.clone(),
            epoch_raised,
        }))
    }

    /// Returns the definition of an existing poll.
    pub(super) fn definition(&self) -> Result<Poll, Corrupt> {
        record::decode_definition(self.id, &self.definition)
    }

    pub(super) fn corrupt(&self, what: &'static str) -> Corrupt {
        Corrupt::of(self.id, what)
    }

    /// Returns the active ballots, each with the index of its voter in the request.
    ///
    /// `poll` is the definition of this read.
    pub(super) fn active_ballots(
        &self,
        poll: &Poll,
        voter_at: impl Fn(usize) -> Option<VoterId>,
    ) -> Result<Vec<(usize, ActiveBallot)>, Error> {
        let mut ballots = Vec::with_capacity(self.votes.len());
        for (index, vote) in &self.votes {
            let voter = voter_at(*index).ok_or_else(|| self.corrupt("a voter"))?;
            ballots.push((*index, record::decode_vote(poll, voter, vote)?));
        }
        Ok(ballots)
    }
}

impl CasResult {
    pub(super) fn parse(id: PollId, reply: Value) -> Result<Self, Error> {
        match reply {
            Value::Int(1) => Ok(Self::Written),
            other => Ok(Self::Conflict(Box::new(PollRead::parse(id, other)?))),
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

/// Parses alternating indexes and rows.
pub(super) fn indexed_rows(values: Vec<Value>) -> Option<Vec<(usize, Vec<u8>)>> {
    let mut rows = Vec::with_capacity(values.len() / 2);
    let mut values = values.into_iter();
    while let Some(index) = values.next() {
        let index = usize::try_from(number(index)?).ok()?;
        rows.push((index, bytes(values.next()?)?));
    }
    Some(rows)
}
