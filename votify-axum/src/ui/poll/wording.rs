//! The texts about a poll, the same as those of the element (`ui/poll/model.js`).

use votify_core::engine::PollSnapshot;
use votify_core::{BallotKind, Poll, PollStatus, ResultsPolicy};

use super::DESCRIPTION_MAX;
use super::view::has_counts;
use crate::ui::times::absolute;

/// Maximum number of options of a tie that are named.
const MAX_NAMED: usize = 5;

/// Returns what search engines and previews of links show about a poll.
pub(super) fn description(poll: &Poll) -> String {
    let options = poll.options.iter().map(|option| option.text.as_str());
    let text = match poll.description.as_str() {
        "" => options.collect::<Vec<_>>().join(" · "),
        description => description.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    match text.char_indices().nth(DESCRIPTION_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text,
    }
}

/// Returns the text above the options of a poll in which the caller can vote.
pub(super) fn choose(poll: &Poll) -> String {
    let count = u32::try_from(poll.options.len()).unwrap_or(u32::MAX);
    match poll.rules.ballot {
        BallotKind::Single => "Choose one option".to_owned(),
        BallotKind::Multiple { min: 1, max: 1 } => "Choose 1 option".to_owned(),
        BallotKind::Multiple { min, max } if min == max => format!("Choose {min} options"),
        BallotKind::Multiple { min, max } if min > 1 => format!("Choose {min} to {max} options"),
        BallotKind::Multiple { max, .. } if max < count => format!("Choose up to {max} options"),
        _ => "Choose one or more options".to_owned(),
    }
}

/// Returns the sentences below the options: the outcome, or when results are shown.
pub(super) fn hint(
    snapshot: &PollSnapshot,
    leaders: &[&str],
    has_voted: bool,
    needs_invite: bool,
) -> String {
    let (poll, view) = (&snapshot.poll, &snapshot.view);
    let mut sentences = Vec::new();
    if needs_invite {
        sentences.push("Voting in this poll takes an invite code.".to_owned());
    }
    if has_counts(snapshot) {
        if view.is_final() {
            sentences.push(outcome(leaders));
        }
        if poll.rules.ballot != BallotKind::Single {
            sentences
                .push("Percentages are of voters. They can add up to more than 100%.".to_owned());
        }
    } else if snapshot.status != PollStatus::Scheduled {
        sentences.push(hidden_until(snapshot, has_voted));
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

fn hidden_until(snapshot: &PollSnapshot, has_voted: bool) -> String {
    let poll = &snapshot.poll;
    match (poll.rules.results, poll.closes_at) {
        _ if snapshot.status == PollStatus::Closed => {
            "Results are shown once all votes are counted.".to_owned()
        }
        (ResultsPolicy::AfterVote, _) if has_voted => String::new(),
        (ResultsPolicy::AfterVote, _) => "Results are shown after you vote.".to_owned(),
        (_, Some(time)) => format!(
            "Results are shown once the poll is closed: {}.",
            absolute(time)
        ),
        (_, None) => "Results are shown once the poll is closed.".to_owned(),
    }
}

/// Returns the sentence that names the winner of a final result, or the options of a tie.
fn outcome(leaders: &[&str]) -> String {
    let quoted = |text: &&str| format!("“{text}”");
    match leaders {
        [] => "Final result: no votes.".to_owned(),
        [winner] => format!("Final result: most votes for {}.", quoted(winner)),
        several => {
            let mut names: Vec<_> = several.iter().take(MAX_NAMED).map(quoted).collect();
            let more = several.len().saturating_sub(MAX_NAMED);
            let last = match more {
                0 => names.pop().unwrap_or_default(),
                more => format!("{more} more"),
            };
            format!(
                "Final result: a tie between {} and {last}.",
                names.join(", ")
            )
        }
    }
}

/// Returns the text about a refused vote. `None` for errors whose own text is shown.
pub(super) fn refusal(code: &str, is_by_address: bool) -> Option<&'static str> {
    Some(match code {
        "already_voted" if is_by_address => {
            "Somebody has already voted from your internet address."
        }
        "already_voted" => "You have already voted.",
        "poll_not_open" => "The poll is not open yet.",
        "poll_closed" => "The poll is closed. Your vote was not counted.",
        "address_quota" => "No more votes are accepted from your internet address.",
        "revote_not_allowed" => "Votes in this poll cannot be changed.",
        "not_allowed" => "You may not vote in this poll.",
        "ballot_id_reused" => {
            "This form was sent before with another choice. Check your choice and vote again."
        }
        _ => return None,
    })
}
