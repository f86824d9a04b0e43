use super::*;
use crate::ballot::{Choice, Refusal};
use crate::id::{BallotId, PollId};
use crate::poll::{PollDraft, ResultsPolicy};
use crate::secret::Keyring;
use crate::voter::VoterPolicy;

const NOW: Timestamp = Timestamp::EPOCH;

fn state(results: ResultsPolicy) -> PollState {
    let mut draft = PollDraft::single_choice("t", ["a", "b"]);
    draft.rules.revote = true;
    draft.rules.results = results;
    PollState::new(
        draft
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
    }
}

#[test]
fn a_batch_is_counted_in_order_duplicates_included() {
    let state = state(ResultsPolicy::Live);
    let mut counting = BatchEvaluator::new(state.clone(), HashMap::new(), NOW);
    let mut cast = |voter, id, option| counting.cast(&ballot(&state, voter, id, option));
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
    let effects = counting.finish();
    assert_eq!(effects.state.tally.total_votes, 1);
    assert_eq!(
        effects
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
            effects.inserted.len(),
            effects.updated.len(),
            effects.removed.len()
        ),
        (1, 0, 0)
    );
    assert_eq!(
        effects
            .superseded
            .iter()
            .map(|old| old.revision)
            .collect::<Vec<_>>(),
        [1, 2, 4]
    );
}

#[test]
fn what_stood_before_is_updated_or_removed() {
    let state = state(ResultsPolicy::Live);
    let mut first = BatchEvaluator::new(state.clone(), HashMap::new(), NOW);
    first.cast(&ballot(&state, 1, 1, Some(0)));
    first.cast(&ballot(&state, 2, 2, Some(0)));
    let effects = first.finish();
    let histories = effects.inserted.iter().map(|standing| {
        (
            standing.ballot.voter,
            VoterHistory {
                active: Some(standing.clone()),
                superseded: Vec::new(),
            },
        )
    });
    let mut second = BatchEvaluator::new(effects.state.clone(), histories.collect(), NOW);
    second.cast(&ballot(&state, 1, 3, Some(1)));
    second.cast(&ballot(&state, 2, 4, None));
    let effects = second.finish();
    assert_eq!(
        (
            effects.inserted.len(),
            effects.updated.len(),
            effects.removed.len()
        ),
        (0, 1, 1)
    );
    assert_eq!(
        effects.state.tally,
        effects.state.tally.recounted(&effects.updated)
    );
}

#[test]
fn refusals_and_replays_alone_leave_no_trace() {
    let state = state(ResultsPolicy::Live);
    let mut counting = BatchEvaluator::new(state.clone(), HashMap::new(), NOW);
    counting.cast(&ballot(&state, 1, 1, None));
    let effects = counting.finish();
    assert!(effects.is_empty());
    assert_eq!(effects.state, state);
}

#[test]
fn hidden_votes_do_not_show_in_the_heat() {
    for (results, warms) in [
        (ResultsPolicy::Live, true),
        (ResultsPolicy::AfterVote, false),
        (ResultsPolicy::AfterClose, false),
    ] {
        let state = state(results);
        let mut counting = BatchEvaluator::new(state.clone(), HashMap::new(), NOW);
        counting.cast(&ballot(&state, 1, 1, Some(0)));
        assert_eq!(
            counting.finish().state.trending > state.trending,
            warms,
            "{results:?}"
        );
    }
}
