//! Decodes rows to polls and ballots, the same for every database.

use std::collections::HashMap;

use votify_core::backend::{ChoiceCodec, TrendingScore};
use votify_core::ballot::{ActiveBallot, SupersededBallot, VoterHistory};
use votify_core::poll::{PollOption, PollOwner, PollState};
use votify_core::secret::KeyId;
use votify_core::tally::OptionCount;
use votify_core::voter::OwnerId;
use votify_core::{
    Ballot, BallotId, Choice, OptionId, Poll, PollId, PollRules, Position, Tally, VoterId,
};

use crate::error::{CorruptField, Error};
use crate::field::FieldReader;
use crate::poll_cache::RowVersion;
use crate::row_ext::RowExt;

/// A poll and its state. An error is about this poll alone.
pub(crate) type PollRead = (PollId, Result<PollState, Error>);

/// The histories of one poll's voters. Voters without ballots may be missing.
pub(crate) type Histories = HashMap<VoterId, VoterHistory>;

pub(crate) fn poll_id(row: &impl RowExt, index: usize) -> Result<PollId, Error> {
    Ok(PollId::from_bytes(row.id(index)?))
}

/// Reads poll, epoch, revision and row token from four columns.
pub(crate) fn row_version(row: &impl RowExt, first: usize) -> Result<(PollId, RowVersion), Error> {
    let id = poll_id(row, first)?;
    let version = RowVersion {
        position: position(id, row, first + 1)?,
        token: row.integer(first + 3)?,
    };
    Ok((id, version))
}

fn position(poll: PollId, row: &impl RowExt, first: usize) -> Result<Position, Error> {
    let read = FieldReader(poll);
    Ok(Position {
        epoch: read.count("epoch", row.integer(first)?)?,
        revision: read.count("revision", row.integer(first + 1)?)?,
    })
}

/// The index of the row token in the rows of polls.
pub(crate) const ROW_TOKEN: usize = 29;

/// Reads a poll from these columns: poll, title, description, category, ballot kind,
/// voter policy, results policy, whether revotes are allowed, address quota, times of
/// creation, opening, closing, last edit and sealing, owner, kind of owner, visibility,
/// external reference, metadata, join code, key id, version, epoch, revision, total, counts,
/// trending score, log position, options, row token.
///
/// The counts are a JSON array in the order of the options, the options a JSON array of
/// `[ordinal, id, text]`. So one row holds one snapshot of the whole poll.
pub(crate) fn poll(row: &impl RowExt) -> Result<PollState, Error> {
    let id = poll_id(row, 0)?;
    poll_columns(id, row).map_err(|error| error.in_row_of(id))
}

fn poll_columns(id: PollId, row: &impl RowExt) -> Result<PollState, Error> {
    let read = FieldReader(id);
    let owner = match (row.opt_id(14)?, row.opt_text(15)?) {
        (None, None) => None,
        (Some(id), Some(kind)) => Some(PollOwner {
            id: OwnerId::from_bytes(id),
            kind: read.enum_value("owner kind", kind)?,
        }),
        _ => read.checked("owner", None)?,
    };
    let metadata = row.opt_text(18)?.map(|text| text.parse().ok());
    let join_code = row.opt_text(19)?.map(|text| text.parse().ok());
    let quota = row.opt_text(8)?;
    let quota = quota.map(|json| read.json("address quota", &json));
    let poll = Poll {
        id,
        title: row.text(1)?,
        description: row.text(2)?,
        category: row.opt_text(3)?,
        rules: PollRules {
            ballot: read.json("ballot kind", &row.text(4)?)?,
            voters: read.enum_value("voter policy", row.text(5)?)?,
            results: read.enum_value("results policy", row.text(6)?)?,
            revote: row.flag(7)?,
            address_quota: quota.transpose()?,
        },
        options: options(id, row.opt_text(28)?.as_deref())?,
        created_at: read.time("created_at", row.time(9)?)?,
        opens_at: read.opt_time("opens_at", row.opt_time(10)?)?,
        closes_at: read.opt_time("closes_at", row.opt_time(11)?)?,
        edited_at: read.opt_time("edited_at", row.opt_time(12)?)?,
        sealed_at: read.opt_time("sealed_at", row.opt_time(13)?)?,
        owner,
        visibility: read.enum_value("visibility", row.text(16)?)?,
        external_ref: row.opt_text(17)?,
        metadata: metadata
            .map(|value| read.checked("metadata", value))
            .transpose()?,
        join_code: join_code
            .map(|value| read.checked("join code", value))
            .transpose()?,
        key: KeyId(read.bytes("key id", &row.bytes(20)?)?),
        version: read.count("version", row.integer(21)?)?,
    };
    let tally = Tally {
        poll: id,
        position: position(id, row, 22)?,
        version: poll.version,
        sealed: poll.is_sealed(),
        total_votes: read.count("total", row.integer(24)?)?,
        counts: counts(
            id,
            poll.options.iter().map(|option| option.id),
            &row.text(25)?,
        )?,
    };
    Ok(PollState {
        poll,
        tally,
        trending: TrendingScore::from_log2(row.real(26)?),
        log_position: read.count("log position", row.integer(27)?)?,
    })
}

/// Reads a tally from these columns: poll, version, whether the poll is sealed, epoch,
/// revision, total, counts, options.
///
/// The counts are as for [`poll`], the options a JSON array of `[ordinal, id]`.
pub(crate) fn tally(row: &impl RowExt) -> Result<Tally, Error> {
    let id = poll_id(row, 0)?;
    tally_columns(id, row).map_err(|error| error.in_row_of(id))
}

fn tally_columns(id: PollId, row: &impl RowExt) -> Result<Tally, Error> {
    let read = FieldReader(id);
    let options = row.opt_text(7)?;
    let options = read.json("options", options.as_deref().unwrap_or("[]"))?;
    let options: Vec<OptionId> = in_order(id, options)?;
    Ok(Tally {
        poll: id,
        version: read.count("version", row.integer(1)?)?,
        sealed: row.flag(2)?,
        position: position(id, row, 3)?,
        total_votes: read.count("total", row.integer(5)?)?,
        counts: counts(id, options.into_iter(), &row.text(6)?)?,
    })
}

fn options(poll: PollId, json: Option<&str>) -> Result<Vec<PollOption>, CorruptField> {
    let options: Vec<(u64, OptionId, String)> =
        FieldReader(poll).json("options", json.unwrap_or("[]"))?;
    let options = options.into_iter();
    let options = options.map(|(ordinal, id, text)| (ordinal, PollOption { id, text }));
    in_order(poll, options.collect())
}

/// Sorts options by their ordinals, which must be 0, 1, 2 and so on.
fn in_order<T>(poll: PollId, mut options: Vec<(u64, T)>) -> Result<Vec<T>, CorruptField> {
    options.sort_unstable_by_key(|(ordinal, _)| *ordinal);
    let options = (0..).zip(options);
    let options =
        options.map(|(expected, (ordinal, option))| (ordinal == expected).then_some(option));
    FieldReader(poll).checked("options", options.collect())
}

fn counts(
    poll: PollId,
    options: impl ExactSizeIterator<Item = OptionId>,
    json: &str,
) -> Result<Vec<OptionCount>, CorruptField> {
    let read = FieldReader(poll);
    let counts: Vec<u64> = read.json("counts", json)?;
    let same_length = (counts.len() == options.len()).then_some(());
    read.checked("counts", same_length)?;
    let counts = options.zip(counts);
    Ok(counts
        .map(|(option, count)| OptionCount { option, count })
        .collect())
}

/// Reads polls.
pub(crate) fn polls(rows: &[impl RowExt]) -> Result<Vec<PollRead>, Error> {
    rows.iter()
        .map(|row| Ok((poll_id(row, 0)?, poll(row))))
        .collect()
}

fn codec_of(poll: &Poll) -> ChoiceCodec {
    ChoiceCodec::new(poll.options.iter().map(|option| option.id))
}

/// Returns the codec for the choices of a poll, from the options of its row.
pub(crate) fn choice_codec(poll: PollId, options_json: Option<&str>) -> Result<ChoiceCodec, Error> {
    let options = options(poll, options_json)?;
    Ok(ChoiceCodec::new(options.iter().map(|option| option.id)))
}

/// Reads voter, ballot, choice, revision and time from the columns from `first` on.
pub(crate) fn vote(
    poll: PollId,
    codec: &ChoiceCodec,
    row: &impl RowExt,
    first: usize,
) -> Result<ActiveBallot, Error> {
    let read = FieldReader(poll);
    Ok(ActiveBallot {
        ballot: Ballot {
            id: BallotId::from_bytes(row.id(first + 1)?),
            poll,
            voter: read.voter(row.id(first)?)?,
            choice: choice(poll, codec, &row.bytes(first + 2)?)?,
            address: None,
            accepted: None,
        },
        revision: read.count("revision of a ballot", row.integer(first + 3)?)?,
        cast_at: read.time("time of a ballot", row.time(first + 4)?)?,
    })
}

pub(crate) fn choice(
    poll: PollId,
    codec: &ChoiceCodec,
    stored: &[u8],
) -> Result<Choice, CorruptField> {
    FieldReader(poll).checked("choice of a ballot", codec.decode(stored).ok())
}

/// Groups rows by the poll in their first column.
pub(crate) fn by_poll<R: RowExt>(rows: Vec<R>) -> Result<HashMap<PollId, Vec<R>>, Error> {
    let mut polls: HashMap<PollId, Vec<R>> = HashMap::new();
    for row in rows {
        polls.entry(poll_id(&row, 0)?).or_default().push(row);
    }
    Ok(polls)
}

/// Reads the histories of a poll's voters: poll, then the columns of a vote. Superseded
/// ballots have no time, and voters who have superseded ballots only have no ballot.
pub(crate) fn histories(poll: &Poll, rows: &[impl RowExt]) -> Result<Histories, Error> {
    let codec = codec_of(poll);
    let read = FieldReader(poll.id);
    let mut histories = Histories::new();
    for row in rows {
        let voter = read.voter(row.id(1)?)?;
        let history = histories.entry(voter).or_default();
        if row.opt_time(5)?.is_some() {
            history.active = Some(vote(poll.id, &codec, row, 1)?);
        } else if let Some(id) = row.opt_id(2)? {
            history.superseded.push(SupersededBallot {
                voter,
                id: BallotId::from_bytes(id),
                choice: choice(poll.id, &codec, &row.bytes(3)?)?,
                revision: read.count("revision of a ballot", row.integer(4)?)?,
            });
        } else {
            history.has_voted_before = true;
        }
    }
    Ok(histories)
}

/// Reads choices and the numbers of their ballots.
pub(crate) fn choice_counts(
    poll: &Poll,
    rows: &[impl RowExt],
) -> Result<Vec<(Choice, u64)>, Error> {
    let codec = codec_of(poll);
    rows.iter()
        .map(|row| {
            let count = FieldReader(poll.id).count("number of ballots", row.integer(1)?)?;
            Ok((choice(poll.id, &codec, &row.bytes(0)?)?, count))
        })
        .collect()
}
