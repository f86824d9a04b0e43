//! Encodes polls, the same for every database.

use std::fmt::Write;

use uuid::Uuid;
use votify_core::Tally;
use votify_core::backend::title_words;
use votify_core::poll::{Poll, PollState};

use crate::error::Error;
use crate::field::{enum_name, to_json, to_signed};
use crate::row_set::{RowSet, Value};

/// Returns the parameters of `Statement::InsertPoll` and `Statement::UpdatePoll`:
/// title, description, category, ballot kind as JSON, voter policy, results policy, whether
/// revotes are allowed, address quota as JSON, times of creation, opening, closing, last
/// edit and sealing, owner, kind of owner, visibility, external reference, metadata, join
/// code, key id, version, epoch, revision, total, counts as JSON, trending score, log
/// position, poll.
pub(crate) fn params(state: &PollState) -> Result<Vec<Value>, Error> {
    let PollState {
        poll,
        tally,
        trending,
        log_position,
    } = state;
    let rules = &poll.rules;
    let quota = rules
        .address_quota
        .map(|quota| to_json("address quota", &quota));
    let owner = poll.owner.as_ref();
    let owner_kind = owner.map(|owner| enum_name("owner kind", &owner.kind));
    let owner_id = owner.map(|owner| Uuid::from_bytes(*owner.id.as_bytes()));
    Ok(vec![
        Value::Text(Some(poll.title.clone())),
        Value::Text(Some(poll.description.clone())),
        Value::Text(poll.category.clone()),
        Value::Text(Some(to_json("ballot kind", &rules.ballot)?)),
        Value::Text(Some(enum_name("voter policy", &rules.voters)?)),
        Value::Text(Some(enum_name("results policy", &rules.results)?)),
        Value::Flag(Some(rules.revote)),
        Value::Text(quota.transpose()?),
        Value::time(poll.created_at),
        Value::time(poll.opens_at),
        Value::time(poll.closes_at),
        Value::time(poll.edited_at),
        Value::time(poll.sealed_at),
        Value::Id(owner_id),
        Value::Text(owner_kind.transpose()?),
        Value::Text(Some(enum_name("visibility", &poll.visibility)?)),
        Value::Text(poll.external_ref.clone()),
        Value::Text(poll.metadata.clone().map(String::from)),
        Value::Text(poll.join_code.map(String::from)),
        Value::Bytes(Some(poll.key.0.to_vec())),
        Value::Integer(Some(to_signed(poll.version)?)),
        Value::Integer(Some(to_signed(tally.position.epoch)?)),
        Value::Integer(Some(to_signed(tally.position.revision)?)),
        Value::Integer(Some(to_signed(tally.total_votes)?)),
        Value::Text(Some(counts_json(tally))),
        Value::Real(Some(trending.as_log2())),
        Value::Integer(Some(to_signed(*log_position)?)),
        Value::id(poll.id.as_bytes()),
    ])
}

/// Returns the rows of [`Statement::InsertOptions`](crate::statement::Statement).
pub(crate) fn option_rows(state: &PollState) -> Result<RowSet, Error> {
    let poll = &state.poll;
    let options: Vec<_> = (0..).zip(&poll.options).collect();
    Ok(RowSet::builder(&options)
        .id(|_| poll.id.as_bytes())
        .integer(|(ordinal, _)| Ok(*ordinal))?
        .id(|(_, option)| option.id.as_bytes())
        .text(|(_, option)| option.text.clone())
        .build())
}

/// Returns the rows of `Statement::InsertTitleWords`.
pub(crate) fn word_rows(poll: &Poll) -> RowSet {
    let words = title_words(&poll.title);
    RowSet::builder(&words)
        .id(|_| poll.id.as_bytes())
        .text(String::clone)
        .build()
}

/// Returns the rows of `Statement::SealPolls`.
pub(crate) fn seal_rows(sealed: &[PollState]) -> Result<RowSet, Error> {
    let mut times = Vec::with_capacity(sealed.len());
    for state in sealed {
        // A sealed poll has both times.
        let poll = &state.poll;
        let sealed_at = poll.sealed_at.unwrap_or(poll.created_at);
        times.push((state, sealed_at, poll.closes_at.unwrap_or(sealed_at)));
    }
    Ok(RowSet::builder(&times)
        .id(|(state, ..)| state.poll.id.as_bytes())
        .time(|(_, sealed_at, _)| *sealed_at)
        .time(|(_, _, closes_at)| *closes_at)
        .integer(|(state, ..)| to_signed(state.poll.version))?
        .integer(|(state, ..)| to_signed(state.tally.position.revision))?
        .build())
}

/// Returns the counts as a JSON array, in the order of the options.
pub(crate) fn counts_json(tally: &Tally) -> String {
    let mut json = String::with_capacity(2 + 8 * tally.counts.len());
    json.push('[');
    for (index, entry) in tally.counts.iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        // Writing to a `String` cannot fail.
        let _ = write!(json, "{separator}{}", entry.count);
    }
    json.push(']');
    json
}
