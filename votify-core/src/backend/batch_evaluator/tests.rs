use super::*;
use crate::ballot::{Choice, Refusal};
use crate::id::{BallotId, PollId};
use crate::poll::{PollDraft, ResultsPolicy, Visibility};
use crate::secret::Keyring;
use crate::voter::VoterPolicy;

const NOW: Timestamp = Timestamp::EPOCH;

fn state(results: ResultsPolicy) -> PollState {
    PollState::new(
        PollDraft::single_choice("t", ["a", "b"])
            .revote(true)
            .results(results)
            .visibility(Visibility::Public)
            .into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
            .unwrap(),
    )
}

fn ballot(state: &PollState, voter: u8, id: u8, option: Option<usize>) -> Ballot {
    Ballot {
        id: BallotId::from_bytes([id; 16]),
        poll: state.poll.id,
        voter: VoterId::new(VoterPolicy::Browser, [voter; 15]),
        choice: option.map_or_else(Choice::withdraw, |index| {
            Choice::one(state.poll.options[index].id)
        }),
        address: None,
        accepted: None,
    }
}

#[test]
fn ballots_are_decided_in_order_with_duplicates() {
    let state = state(ResultsPolicy::Live);
    let mut evaluator = BatchEvaluator::new(state.clone(), HashMap::new(), NOW);
    let mut cast = |voter, id, option| evaluator.cast(&ballot(&state, voter, id, option));
    assert_eq!(cast(1, 1, Some(0)), Outcome::Counted { revision: 1 });
    assert_eq!(cast(1, 1, Some(0)), Outcome::Replayed { revision: 1 });
    assert_eq!(
        cast(1, 1, Some(1)),
        Outcome::Refused(Refusal::BallotIdReused)
    );
    assert_eq!(cast(1, 2, Some(1)), Outcome::Replaced { revision: 2 });
    assert_eq!(cast(2, 3, Some(1)), Outcome::Counted { revision: 3 });
    assert_eq!(cast(1, 4, None), Outcome::Withdrawn { revision: 4 });
    assert_eq!(cast(1, 4, None), Outcome::Replayed { revision: 4 });
    assert_eq!(cast(1, 1, Some(0)), Outcome::Replayed { revision: 1 });
    let write_set = evaluator.finish();
    assert_eq!(write_set.state.tally.total_votes, 1);
    assert_eq!(
        write_set
            .state
            .tally
            .counts
            .iter()
            .map(|entry| entry.count)
            .collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!(
        (
            write_set.inserted.len(),
            write_set.updated.len(),
            write_set.removed.len()
        ),
        (1, 0, 0)
    );
    assert_eq!(
        write_set
            .superseded
            .iter()
            .map(|old| old.revision)
            .collect::<Vec<_>>(),
        [1, 2, 4]
    );
}

#[test]
fn earlier_ballots_are_updated_or_removed() {
    let state = state(ResultsPolicy::Live);
    let mut first = BatchEvaluator::new(state.clone(), HashMap::new(), NOW);
    first.cast(&ballot(&state, 1, 1, Some(0)));
    first.cast(&ballot(&state, 2, 2, Some(0)));
    let write_set = first.finish();
    let histories = write_set.inserted.iter().map(|active| {
        (
            active.ballot.voter,
            VoterHistory {
                active: Some(active.clone()),
                ..VoterHistory::default()
            },
        )
    });
    let mut second = BatchEvaluator::new(write_set.state.clone(), histories.collect(), NOW);
    second.cast(&ballot(&state, 1, 3, Some(1)));
    second.cast(&ballot(&state, 2, 4, None));
    let write_set = second.finish();
    assert_eq!(
        (
            write_set.inserted.len(),
            write_set.updated.len(),
            write_set.removed.len()
        ),
        (0, 1, 1)
    );
    assert_eq!(
        write_set.state.tally,
        write_set.state.tally.recounted(&write_set.updated)
    );
}

#[test]
fn refusals_alone_write_nothing() {
    let state = state(ResultsPolicy::Live);
    let mut evaluator = BatchEvaluator::new(state.clone(), HashMap::new(), NOW);
    evaluator.cast(&ballot(&state, 1, 1, None));
    let write_set = evaluator.finish();
    assert!(write_set.is_empty());
    assert_eq!(write_set.state, state);
}

#[test]
fn unlisted_polls_have_no_trending_votes() {
    let mut state = state(ResultsPolicy::Live);
    state.poll.visibility = Visibility::Unlisted;
    let mut evaluator = BatchEvaluator::new(state.clone(), HashMap::new(), NOW);
    evaluator.cast(&ballot(&state, 1, 1, Some(0)));
    assert_eq!(evaluator.finish().state.trending, state.trending);
}

#[test]
fn hidden_votes_do_not_raise_the_trending_score() {
    for (results, raises_score) in [
        (ResultsPolicy::Live, true),
        (ResultsPolicy::AfterVote, false),
        (ResultsPolicy::AfterClose, false),
    ] {
        let state = state(results);
        let mut evaluator = BatchEvaluator::new(state.clone(), HashMap::new(), NOW);
        evaluator.cast(&ballot(&state, 1, 1, Some(0)));
        assert_eq!(
            evaluator.finish().state.trending > state.trending,
            raises_score,
            "{results:?}"
        );
    }
}
