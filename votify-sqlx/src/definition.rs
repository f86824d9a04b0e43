//! How the definition of a poll is written, the same on every database.

use votify_core::backend::search_key;
use votify_core::poll::{PollOption, PollState};

use crate::dialect::Work;
use crate::error::Error;
use crate::field::{to_json, to_signed, to_word};
use crate::parameters::Parameters;
use crate::writes::all_met;

/// Keeps a new poll.
pub(crate) async fn insert<W: Work>(work: &mut W, state: &PollState) -> Result<(), Error> {
    if work.insert_poll(state).await? == 0 {
        return Err(Error::PollExists(state.poll.id));
    }
    insert_options(work, state).await
}

/// Keeps the definition, options, counts and position of a locked poll.
pub(crate) async fn replace<W: Work>(work: &mut W, state: &PollState) -> Result<(), Error> {
    if work.update_poll(state).await? == 0 {
        return Err(Error::PollNotFound(state.poll.id));
    }
    work.delete_options(state.poll.id).await?;
    insert_options(work, state).await
}

async fn insert_options<W: Work>(work: &mut W, state: &PollState) -> Result<(), Error> {
    let met = work.insert_options(state).await?;
    all_met("votify_poll_options", state.poll.options.len(), met)
}

/// Adds the values of a poll's row: title, folded title, description, category, ballot, voters, results, revote, creation,
/// opening, closing, edit, seal, owner, key, version, epoch, revision, total, heat, quota, and the id last.
pub(crate) fn poll(values: &mut impl Parameters, state: &PollState) -> Result<(), Error> {
    let PollState {
        poll,
        tally,
        trending,
    } = state;
    values.text(&poll.title)?;
    values.text(&search_key(&poll.title))?;
    values.text(&poll.description)?;
    values.maybe_text(poll.category.as_deref())?;
    values.text(&to_json("ballot", &poll.rules.ballot)?)?;
    values.text(&to_word("voters", &poll.rules.voters)?)?;
    values.text(&to_word("results", &poll.rules.results)?)?;
    values.flag(poll.rules.revote)?;
    values.moment(poll.created_at)?;
    values.moment(poll.opens_at)?;
    values.maybe_moment(poll.closes_at)?;
    values.maybe_moment(poll.edited_at)?;
    values.maybe_moment(poll.sealed_at)?;
    values.maybe_bytes(poll.owner.as_ref().map(|owner| owner.as_bytes().as_slice()))?;
    values.bytes(&poll.key.0)?;
    values.integer(to_signed(poll.version)?)?;
    values.integer(to_signed(tally.position.epoch)?)?;
    values.integer(to_signed(tally.position.revision)?)?;
    values.integer(to_signed(tally.total_votes)?)?;
    values.real(trending.as_log2())?;
    let quota = poll.rules.address_quota;
    let quota = quota.map(|quota| to_json("address_quota", &quota));
    values.maybe_text(quota.transpose()?.as_deref())?;
    values.id(poll.id.as_bytes())
}

/// The options of a poll, with their places and counts.
pub(crate) fn options(state: &PollState) -> Result<Vec<(i64, &PollOption, i64)>, Error> {
    let votes = |option: &PollOption| to_signed(state.tally.count(option.id).unwrap_or(0));
    (0..)
        .zip(&state.poll.options)
        .map(|(place, option)| Ok((place, option, votes(option)?)))
        .collect()
}

/// Adds the values of an option's row: poll, id, place, text, count.
pub(crate) fn option(
    values: &mut impl Parameters,
    state: &PollState,
    (place, option, votes): &(i64, &PollOption, i64),
) -> Result<(), Error> {
    values.id(state.poll.id.as_bytes())?;
    values.id(option.id.as_bytes())?;
    values.integer(*place)?;
    values.text(&option.text)?;
    values.integer(*votes)
}
