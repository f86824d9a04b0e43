use votify_core::Ballot;
use votify_core::backend::WriteSet;
use votify_core::ballot::Outcome;

use crate::store::cas::CasAttempt;
use crate::store::error::Error;
use crate::store::keys::{ID_BYTES, Keys};
use crate::store::poll_read::PollRead;
use crate::store::record;
use crate::store::scripts::CAST;

/// Maximum ballots of one poll in one call. Well below the server's limit of arguments
/// (1 048 576), and about 0.5 s of server time.
const MAX_BALLOTS: usize = 200_000;

/// The writes of a batch to one poll, as arguments of `cast.lua`.
pub(super) struct BatchWrites {
    keys: Vec<String>,
    /// Number of rows of each kind.
    counts: [String; 7],
    /// Offset and voters for each affected segment of the revision log.
    segments: Vec<(String, Vec<u8>)>,
    /// Fields and values.
    rows: Vec<Vec<u8>>,
}

impl BatchWrites {
    pub(super) fn new(
        keys: &Keys<'_>,
        ballots: &[&Ballot],
        outcomes: &[Outcome],
        write_set: &WriteSet,
    ) -> Result<Self, Error> {
        if ballots.len() > MAX_BALLOTS {
            return Err(Error::TooManyBallots {
                ballots: ballots.len(),
            });
        }
        let poll = &write_set.state.poll;
        let active = [&write_set.inserted, &write_set.updated];
        let mut rows = Vec::with_capacity(2 * ballots.len());
        for vote in active.into_iter().flatten() {
            rows.push(vote.ballot.voter.as_bytes().to_vec());
            rows.push(record::encode_vote(poll, vote).map_err(Error::EncodeChoice)?);
        }
        rows.extend(
            write_set
                .removed
                .iter()
                .map(|voter| voter.as_bytes().to_vec()),
        );
        for old in &write_set.superseded {
            rows.push([*old.voter.as_bytes(), *old.id.as_bytes()].concat());
            rows.push(record::encode_superseded(poll, old).map_err(Error::EncodeChoice)?);
        }
        for voter in &write_set.removed {
            rows.push(voter.as_bytes().to_vec());
            rows.push(Vec::new());
        }
        let usage = &write_set.address_usage;
        rows.extend(usage.released.iter().map(|voter| voter.as_bytes().to_vec()));
        for (voter, address) in &usage.added {
            rows.push(voter.as_bytes().to_vec());
            rows.push(address.as_bytes().to_vec());
        }
        for (address, count) in &usage.counts {
            rows.push(address.as_bytes().to_vec());
            rows.push(count.to_string().into_bytes());
        }
        let counts = [
            write_set.inserted.len(),
            write_set.updated.len(),
            write_set.removed.len(),
            write_set.superseded.len() + write_set.removed.len(),
            usage.released.len(),
            usage.added.len(),
            usage.counts.len(),
        ];
        let mut writes = Self {
            keys: (keys.to_read().into_iter())
                .chain([&*keys.voter_addresses, &*keys.address_counts])
                .map(str::to_owned)
                .collect(),
            counts: counts.map(|count| count.to_string()),
            segments: Vec::new(),
            rows,
        };
        let last_revision = write_set.state.tally.position.revision;
        writes.add_segments(keys, ballots, outcomes, last_revision);
        Ok(writes)
    }

    /// Adds the voters of the new revisions to the revision log. Each ballot that changed
    /// the tally has the next revision, in the order of the batch.
    fn add_segments(
        &mut self,
        keys: &Keys<'_>,
        ballots: &[&Ballot],
        outcomes: &[Outcome],
        last_revision: u64,
    ) {
        let effective = ballots.iter().zip(outcomes);
        let effective = effective.filter(|(_, outcome)| outcome.changed_tally());
        let voters: Vec<u8> = effective
            .flat_map(|(ballot, _)| *ballot.voter.as_bytes())
            .collect();
        let revisions = u64::try_from(voters.len() / ID_BYTES).unwrap_or(u64::MAX);
        let first_revision = last_revision + 1 - revisions.min(last_revision);
        let mut rest = voters.as_slice();
        for (key, offset, length) in keys.segments(first_revision, last_revision) {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let (voters, later) = rest.split_at(length.saturating_mul(ID_BYTES).min(rest.len()));
            self.keys.push(key);
            self.segments
                .push(((offset * ID_BYTES as u64).to_string(), voters.to_vec()));
            rest = later;
        }
    }

    /// Writes the batch if the poll is unchanged, and returns the current poll otherwise.
    ///
    /// `condition` is the server's run, the state as read, and the new state.
    pub(super) async fn write(
        &self,
        attempt: &mut CasAttempt<'_>,
        condition: [&[u8]; 3],
    ) -> Result<Option<PollRead>, Error> {
        let voters = attempt.voters().to_vec();
        let mut arguments: Vec<&[u8]> = condition.to_vec();
        arguments.push(&voters);
        arguments.extend(self.counts.iter().map(|count| count.as_bytes()));
        for (offset, voters) in &self.segments {
            arguments.push(offset.as_bytes());
            arguments.push(voters);
        }
        arguments.extend(self.rows.iter().map(Vec::as_slice));
        attempt.write(&CAST, &self.keys, &arguments).await
    }
}
