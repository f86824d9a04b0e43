//! A poll as rows hold it, before it is known to make sense.

use votify_core::backend::TrendingScore;
use votify_core::poll::{PollOption, PollState};
use votify_core::secret::KeyId;
use votify_core::tally::OptionCount;
use votify_core::voter::OwnerId;
use votify_core::{Poll, PollId, PollRules, Position, Tally};

use crate::field::{Fields, Unreadable};

#[derive(Debug)]
pub(crate) struct PollRow {
    pub(crate) id: PollId,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) category: Option<String>,
    pub(crate) ballot: String,
    pub(crate) voters: String,
    pub(crate) results: String,
    pub(crate) revote: bool,
    pub(crate) created_at: i64,
    pub(crate) opens_at: i64,
    pub(crate) closes_at: Option<i64>,
    pub(crate) edited_at: Option<i64>,
    pub(crate) sealed_at: Option<i64>,
    pub(crate) owner: Option<Vec<u8>>,
    pub(crate) key: Vec<u8>,
    pub(crate) version: i64,
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
    pub(crate) total_votes: i64,
    pub(crate) heat: f64,
    pub(crate) address_quota: Option<String>,
    /// In the poll's order.
    pub(crate) options: Vec<OptionRow>,
}

#[derive(Debug)]
pub(crate) struct OptionRow {
    pub(crate) option: PollOption,
    pub(crate) votes: i64,
}

impl PollRow {
    pub(crate) fn into_state(self) -> Result<PollState, Unreadable> {
        let read = Fields(self.id);
        let counts = self
            .options
            .iter()
            .map(|row| {
                Ok(OptionCount {
                    option: row.option.id,
                    count: read.count("the count of an option", row.votes)?,
                })
            })
            .collect::<Result<_, Unreadable>>()?;
        let owner = self
            .owner
            .map(|bytes| read.bytes("owner", &bytes))
            .transpose()?;
        let address_quota = self.address_quota.as_deref();
        let address_quota = address_quota.map(|quota| read.json("address_quota", quota));
        let poll = Poll {
            id: self.id,
            title: self.title,
            description: self.description,
            category: self.category,
            rules: PollRules {
                ballot: read.json("ballot", &self.ballot)?,
                voters: read.word("voters", self.voters)?,
                results: read.word("results", self.results)?,
                revote: self.revote,
                address_quota: address_quota.transpose()?,
            },
            options: self.options.into_iter().map(|row| row.option).collect(),
            created_at: read.time("created_at", self.created_at)?,
            opens_at: read.time("opens_at", self.opens_at)?,
            closes_at: read.maybe_time("closes_at", self.closes_at)?,
            edited_at: read.maybe_time("edited_at", self.edited_at)?,
            sealed_at: read.maybe_time("sealed_at", self.sealed_at)?,
            owner: owner.map(OwnerId::from_bytes),
            key: KeyId(read.bytes("key", &self.key)?),
            version: read.count("version", self.version)?,
        };
        let tally = Tally {
            poll: poll.id,
            position: Position {
                epoch: read.count("epoch", self.epoch)?,
                revision: read.count("revision", self.revision)?,
            },
            version: poll.version,
            sealed: poll.is_sealed(),
            total_votes: read.count("total_votes", self.total_votes)?,
            counts,
        };
        Ok(PollState {
            poll,
            tally,
            trending: TrendingScore::from_log2(self.heat),
        })
    }
}
