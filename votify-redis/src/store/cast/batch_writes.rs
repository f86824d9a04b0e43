use votify_core::Ballot;
use votify_core::backend::WriteSet;
use votify_core::ballot::Outcome;

use crate::store::cas::Race;
use crate::store::error::Fault;
use crate::store::keys::{ID, Keys};
use crate::store::poll_read::Seen;
use crate::store::record;
use crate::store::scripts::CAST;

/// The most ballots of one poll in one call: well within what a server takes as arguments, and half a second of its time.
const MOST: usize = 200_000;

/// What a batch did to one poll, as a script takes it.
pub(super) struct Writes {
    keys: Vec<String>,
    /// How many rows of each kind.
    counts: [String; 7],
    /// Offsets and voters of the parts of the order.
    order: Vec<(String, Vec<u8>)>,
    /// Fields and values.
    rows: Vec<Vec<u8>>,
}

impl Writes {
    pub(super) fn new(
        keys: &Keys<'_>,
        ballots: &[&Ballot],
        outcomes: &[Outcome],
        effects: &WriteSet,
    ) -> Result<Self, Fault> {
        if ballots.len() > MOST {
            return Err(Fault::TooMany {
                ballots: ballots.len(),
            });
        }
        let standing = [&effects.inserted, &effects.updated];
        let mut rows = Vec::with_capacity(2 * ballots.len());
        for vote in standing.into_iter().flatten() {
            rows.push(vote.ballot.voter.as_bytes().to_vec());
            rows.push(record::encode_vote(vote));
        }
        rows.extend(
            effects
                .removed
                .iter()
                .map(|voter| voter.as_bytes().to_vec()),
        );
        for old in &effects.superseded {
            rows.push([*old.voter.as_bytes(), *old.id.as_bytes()].concat());
            rows.push(record::encode_superseded(old));
        }
        let places = &effects.address_usage;
        rows.extend(
            places
                .released
                .iter()
                .map(|voter| voter.as_bytes().to_vec()),
        );
        for (voter, address) in &places.added {
            rows.push(voter.as_bytes().to_vec());
            rows.push(address.as_bytes().to_vec());
        }
        for (address, taken) in &places.counts {
            rows.push(address.as_bytes().to_vec());
            rows.push(taken.to_string().into_bytes());
        }
        let counts = [
            effects.inserted.len(),
            effects.updated.len(),
            effects.removed.len(),
            effects.superseded.len(),
            places.released.len(),
            places.added.len(),
            places.counts.len(),
        ];
        let mut writes = Self {
            keys: (keys.to_read().into_iter())
                .chain([&*keys.places, &*keys.addresses])
                .map(str::to_owned)
                .collect(),
            counts: counts.map(|count| count.to_string()),
            order: Vec::new(),
            rows,
        };
        writes.add_order(
            keys,
            ballots,
            outcomes,
            effects.state.tally.position.revision,
        );
        Ok(writes)
    }

    /// Each ballot that changed anything made the next revision, in the order of the batch.
    fn add_order(&mut self, keys: &Keys<'_>, ballots: &[&Ballot], outcomes: &[Outcome], last: u64) {
        let effective = ballots.iter().zip(outcomes);
        let effective = effective.filter(|(_, outcome)| outcome.changed_tally());
        let voters: Vec<u8> = effective
            .flat_map(|(ballot, _)| *ballot.voter.as_bytes())
            .collect();
        let revisions = u64::try_from(voters.len() / ID).unwrap_or(u64::MAX);
        let mut rest = voters.as_slice();
        for (key, offset, length) in keys.order_parts(last + 1 - revisions.min(last), last) {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let (part, later) = rest.split_at(length.saturating_mul(ID).min(rest.len()));
            self.keys.push(key);
            self.order
                .push(((offset * ID as u64).to_string(), part.to_vec()));
            rest = later;
        }
    }

    /// `fixed`: the run, the state as read, and the new one. How the poll is now, if it was not written.
    pub(super) async fn write(
        &self,
        race: &mut Race<'_>,
        fixed: [&[u8]; 3],
    ) -> Result<Option<Seen>, Fault> {
        let asked = race.asked().to_vec();
        let mut arguments: Vec<&[u8]> = fixed.to_vec();
        arguments.push(&asked);
        arguments.extend(self.counts.iter().map(|count| count.as_bytes()));
        for (offset, voters) in &self.order {
            arguments.push(offset.as_bytes());
            arguments.push(voters);
        }
        arguments.extend(self.rows.iter().map(Vec::as_slice));
        race.write(&CAST, &self.keys, &arguments).await
    }
}
