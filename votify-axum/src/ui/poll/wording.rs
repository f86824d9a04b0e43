//! The texts about a poll, the same as those of the element (`ui/poll/model.js`).

use votify_core::engine::PollSnapshot;
use votify_core::{BallotKind, Poll, PollId, PollStatus, ResultsPolicy, VoterPolicy};

use super::DESCRIPTION_MAX;
use crate::error::Problem;
use crate::ui::page::Page;
use crate::ui::result_texts::{hidden_until, outcome};
use crate::ui::standings::Standings;

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
pub(in crate::ui) fn choose(poll: &Poll) -> String {
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
    standings: &Standings,
    has_voted: bool,
    needs_invite: bool,
) -> String {
    let (poll, view) = (&snapshot.poll, &snapshot.view);
    let mut sentences = Vec::new();
    if needs_invite {
        sentences.push("Voting in this poll takes an invite code.".to_owned());
    }
    if standings.total.is_some() {
        if view.is_final() {
            sentences.push(outcome(&standings.leaders(), true));
        }
        if poll.rules.ballot != BallotKind::Single {
            sentences
                .push("Percentages are of voters. They can add up to more than 100%.".to_owned());
        }
    } else if snapshot.status != PollStatus::Scheduled {
        let is_open = snapshot.status == PollStatus::Open;
        // A voter sees them within seconds.
        let is_due = is_open && has_voted && poll.rules.results == ResultsPolicy::AfterVote;
        if !is_due {
            sentences.push(hidden_until(snapshot));
        }
    }
    sentences.join(" ")
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
        "rate_limited" => "Too many attempts at the moment. Wait a minute, and try again.",
        "not_allowed" => "You may not vote in this poll.",
        "ballot_id_reused" => {
            "This form was sent before with another choice. Check your choice and vote again."
        }
        _ => return None,
    })
}

/// The text for a form that was rendered before the owner changed the options.
pub(super) const OPTIONS_CHANGED: &str =
    "The options have changed. Check your choice and vote again.";

/// Returns true if a ballot is not one of the poll as it is now.
fn names_other_options(problem: &Problem) -> bool {
    let is_of_form = |text: &str| text.contains("is not an option") || text.contains("option_id");
    let mut errors = problem.body().errors.into_iter();
    problem.code() == "invalid_ballot" && errors.any(|error| is_of_form(&error.problem))
}

/// Returns the text about a vote that failed.
pub(super) async fn error(page: &Page, id: PollId, problem: &Problem) -> String {
    let poll = page.state.engine.definition(id).await;
    let is_by_address = poll.is_ok_and(|poll| poll.rules.voters == VoterPolicy::Ip);
    if names_other_options(problem) {
        return OPTIONS_CHANGED.to_owned();
    }
    let known = refusal(problem.code(), is_by_address);
    known.map_or_else(|| problem.sentence(), str::to_owned)
}
