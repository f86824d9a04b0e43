//! The way of a batch: read, decide, write if nothing moved meanwhile.

mod address_usage;
mod batch_writes;

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt};
use votify_core::backend::{AddressUsage, BatchEvaluator, PollBatch, group_by_poll};
use votify_core::ballot::{Outcome, VoterHistory};
use votify_core::{Ballot, BatchReceipt, Tally, Timestamp, VoterId};

use super::cas::Race;
use super::error::Fault;
use super::keys::ID;
use super::patience::in_time;
use super::poll_read::Seen;
use super::{RedisStore, record};
use batch_writes::Writes;

/// How many polls of one batch are at the server at once.
const AT_ONCE: usize = 64;

pub(super) async fn cast(store: &RedisStore, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
    let mut receipt = BatchReceipt::unknown_polls(ballots.len());
    let parts = group_by_poll(ballots);
    let casting: Vec<_> = parts
        .iter()
        .map(|part| in_time(cast_part(store, part, ballots, now)))
        .collect();
    let mut casting = stream::iter(casting)
        .buffered(AT_ONCE)
        .zip(stream::iter(&parts));
    while let Some((done, part)) = casting.next().await {
        match done {
            Ok(Some((outcomes, tally))) => receipt.record(part, outcomes, tally),
            // No such poll, which is what the receipt says already.
            Ok(None) => {}
            Err(fault) => receipt.fail(part, &fault.into_store_error()),
        }
    }
    receipt
}

async fn cast_part(
    store: &RedisStore,
    part: &PollBatch,
    batch: &[Ballot],
    now: Timestamp,
) -> Result<Option<(Vec<Outcome>, Tally)>, Fault> {
    let ballots: Vec<&Ballot> = part.ballots(batch).collect();
    let _turn = store.turns.take(part.poll).await;
    let mut race = Race::new(store, part.poll, pack(&ballots));
    let mut seen = race.enter().await?;
    loop {
        let Some(current) = seen.current()? else {
            return Ok(None);
        };
        let heat = current.kept.state.trending;
        let histories = histories(&seen, &ballots)?;
        let mut places = AddressUsage::default();
        if current.kept.state.poll.rules.address_quota.is_some() {
            let Some(found) = address_usage::read(store, &race.keys, &current, &ballots).await?
            else {
                seen = race.enter().await?;
                continue;
            };
            places = found;
        }
        let counting = BatchEvaluator::new(current.kept.state, histories, now);
        let mut counting = counting.with_address_usage(places);
        let outcomes: Vec<Outcome> = ballots.iter().map(|ballot| counting.cast(ballot)).collect();
        let effects = counting.finish();
        if effects.is_empty() && !current.raised {
            race.leave().await;
            return Ok(Some((outcomes, effects.state.tally)));
        }
        let state = record::encode_by(&seen.run, current.kept.nonce, &effects.state);
        let writes = Writes::new(&race.keys, &ballots, &outcomes, &effects)?;
        let fixed = [&*seen.run, &current.read, &state];
        match writes.write(&mut race, fixed).await? {
            Some(anew) => seen = anew,
            None => {
                if effects.state.trending != heat {
                    store.warm(part.poll);
                }
                return Ok(Some((outcomes, effects.state.tally)));
            }
        }
    }
}

/// The voters, each with the id of the ballot.
fn pack(ballots: &[&Ballot]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(2 * ID * ballots.len());
    for ballot in ballots {
        packed.extend_from_slice(ballot.voter.as_bytes());
        packed.extend_from_slice(ballot.id.as_bytes());
    }
    packed
}

fn histories(seen: &Seen, ballots: &[&Ballot]) -> Result<HashMap<VoterId, VoterHistory>, Fault> {
    let mut histories: HashMap<VoterId, VoterHistory> = HashMap::new();
    let voter_at = |place: usize| ballots.get(place).map(|ballot| ballot.voter);
    for (_, standing) in seen.standing(voter_at)? {
        let history = histories.entry(standing.ballot.voter).or_default();
        history.active = Some(standing);
    }
    for (place, old) in &seen.superseded {
        let Some(ballot) = ballots.get(*place) else {
            return Err(seen.damaged("a superseded ballot").into());
        };
        let old = record::decode_superseded(ballot.poll, ballot.voter, ballot.id, old)?;
        let history = histories.entry(ballot.voter).or_default();
        // It may stand in the batch twice.
        if !history.superseded.iter().any(|known| known.id == old.id) {
            history.superseded.push(old);
        }
    }
    Ok(histories)
}
