//! The sentences about results. The element writes the same (`ui/poll/model.js`).

use votify_core::engine::PollSnapshot;
use votify_core::{PollStatus, ResultsPolicy};

use super::times::{absolute, grouped};

/// Maximum number of options of a tie that are named.
const MAX_NAMED: usize = 5;

/// Returns when hidden counts are shown.
pub(super) fn hidden_until(snapshot: &PollSnapshot) -> String {
    let poll = &snapshot.poll;
    let text = match (snapshot.status, poll.rules.results, poll.closes_at) {
        (PollStatus::Scheduled, ..) => "The poll is not open yet.",
        (PollStatus::Closed, ..) => "Results are shown once all votes are counted.",
        (_, ResultsPolicy::AfterVote, _) => "Results are shown after you vote.",
        (.., Some(time)) => {
            let time = absolute(time);
            return format!("Results are shown once the poll is closed: {time}.");
        }
        (.., None) => "Results are shown once the poll is closed.",
    };
    text.to_owned()
}

/// Returns the sentence about the options with the most votes.
pub(super) fn outcome(leaders: &[&str], is_final: bool) -> String {
    match (leaders, is_final) {
        ([], true) => "Final result: no votes.".to_owned(),
        ([], false) => "Nobody has voted yet.".to_owned(),
        ([leader], true) => format!("Final result: most votes for {}.", quoted(leader)),
        ([leader], false) => format!("{} is in front.", quoted(leader)),
        (tied, true) => format!("Final result: a tie between {}.", list(tied)),
        (tied, false) => format!("A tie between {}.", list(tied)),
    }
}

/// Returns a user's text in quotation marks, isolated from the direction around it.
fn quoted(text: &str) -> String {
    format!("\u{2068}“{text}”\u{2069}")
}

/// Returns texts as in `A, B, and C`. Of many, the last is a number: `3 more`.
fn list(texts: &[&str]) -> String {
    let mut items: Vec<_> = texts
        .iter()
        .take(MAX_NAMED)
        .map(|text| quoted(text))
        .collect();
    let more = texts.len().saturating_sub(MAX_NAMED);
    if more > 0 {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        items.push(format!("{} more", grouped(more)));
    }
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaders_and_ties_are_named() {
        let text = |leaders: &[&str], is_final| {
            outcome(leaders, is_final).replace(['\u{2068}', '\u{2069}'], "")
        };
        assert_eq!(text(&[], true), "Final result: no votes.");
        assert_eq!(text(&["a"], false), "“a” is in front.");
        assert_eq!(text(&["a", "b"], false), "A tie between “a” and “b”.");
        let three = "Final result: a tie between “a”, “b”, and “c”.";
        assert_eq!(text(&["a", "b", "c"], true), three);
        let seven = "A tie between “1”, “2”, “3”, “4”, “5”, and 2 more.";
        let leaders = ["1", "2", "3", "4", "5", "6", "7"];
        assert_eq!(text(&leaders, false), seven);
    }
}
