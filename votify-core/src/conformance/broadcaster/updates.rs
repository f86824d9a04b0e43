//! Updates published by the cases.

use crate::broadcast::{InstanceId, Topic, Update};
use crate::conformance::store::builders::at;
use crate::id::PollId;
use crate::poll::{
    CATEGORY_MAX, DESCRIPTION_MAX, OPTION_TEXT_MAX, OPTIONS_MAX, Poll, PollDraft, TITLE_MAX,
};
use crate::secret::Keyring;
use crate::tally::{Position, Tally};

pub(crate) fn create_poll(draft: PollDraft) -> Poll {
    draft
        .into_poll(PollId::generate(at(0)), at(0), &Keyring::ephemeral())
        .expect("a valid draft")
}

pub(crate) fn poll() -> Poll {
    create_poll(PollDraft::single_choice(
        "Lunch?",
        ["Pizza", "Sushi", "Soup"],
    ))
}

/// Returns a poll with the longest texts and the maximum number of options, with four
/// bytes per character.
pub(crate) fn largest_poll() -> Poll {
    let wide = |count| "𝕍".repeat(count);
    create_poll(PollDraft {
        title: wide(TITLE_MAX),
        description: wide(DESCRIPTION_MAX),
        category: Some(wide(CATEGORY_MAX)),
        options: (0..OPTIONS_MAX)
            .map(|n| format!("{n:03}{}", wide(OPTION_TEXT_MAX - 3)))
            .collect(),
        ..PollDraft::default()
    })
}

pub(crate) fn topic(poll: &Poll) -> Topic {
    Topic::Poll(poll.id)
}

pub(crate) fn tally(poll: &Poll, revision: u64) -> Tally {
    let mut tally = Tally::new(poll);
    tally.position = Position {
        revision,
        ..Position::START
    };
    tally.total_votes = revision;
    tally.counts[0].count = revision;
    tally
}

/// Returns an update with the poll's tally at a revision.
pub(crate) fn tally_changed(poll: &Poll, revision: u64) -> Update {
    Update::TallyChanged {
        tally: tally(poll, revision),
        vote_sample: vec![poll.options[0].id],
    }
}

pub(crate) fn poll_changed(poll: &Poll) -> Update {
    Update::DefinitionChanged {
        poll: Box::new(poll.clone()),
        tally: tally(poll, u64::MAX >> 11),
    }
}

/// Returns one update of each kind.
pub(crate) fn one_of_each(poll: &Poll) -> [Update; 4] {
    [
        tally_changed(poll, 7),
        poll_changed(poll),
        Update::Deleted { poll: poll.id },
        Update::Viewers {
            poll: poll.id,
            instance: InstanceId(u128::MAX - 1),
            viewers: 17,
        },
    ]
}
