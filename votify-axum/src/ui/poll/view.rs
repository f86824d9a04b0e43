//! What the page of a poll shows. The markup is the one of the element (`ui/poll/view.js`).

use votify_core::engine::PollSnapshot;
use votify_core::{BallotId, BallotKind, Choice, PollStatus, VoterPolicy};

use super::feedback::Feedback;
use super::{Frame, wording};
use crate::extract::invite::PARAMETER;
use crate::own_state::OwnState;
use crate::ui::moment::Moment;
use crate::ui::page::Page;
use crate::ui::poll_status::{StatusChange, StatusLabel};
use crate::ui::standings::Standings;
use crate::ui::times::plural;
use crate::ui::votes_text::votes_text;

/// What a caller needs before voting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    None,
    LogIn,
    Invite {
        /// True if the code in the URL is unknown or used.
        is_invalid: bool,
    },
}

/// One option.
#[derive(Debug)]
pub(super) struct OptionRow {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) is_own: bool,
    pub(super) is_checked: bool,
    /// True for the options in front of a final result.
    pub(super) is_leader: bool,
    /// Empty while counts are hidden.
    pub(super) percent: String,
    pub(super) count: String,
    /// The width of the bar, in percent.
    pub(super) width: String,
}

/// A poll for one caller.
#[derive(Debug)]
pub(super) struct PollView {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) status: StatusLabel,
    pub(super) change: Option<StatusChange>,
    pub(super) votes: String,
    /// The number of viewers with this one.
    pub(super) viewers: String,
    /// True if the element has a button to sort the options by votes.
    pub(super) can_sort: bool,
    pub(super) edited: Option<Moment>,
    pub(super) classes: String,
    pub(super) is_votable: bool,
    pub(super) is_single: bool,
    pub(super) legend: String,
    pub(super) options: Vec<OptionRow>,
    pub(super) hint: String,
    pub(super) confirmation: &'static str,
    pub(super) error: String,
    pub(super) has_voted: bool,
    pub(super) can_withdraw: bool,
    pub(super) step: Step,
    pub(super) ballot_id: String,
    /// The query of the form's URLs: an invite code, and the frame.
    pub(super) query: String,
    pub(super) is_embedded: bool,
}

impl PollView {
    pub(super) fn new(
        snapshot: &PollSnapshot,
        own: &OwnState,
        feedback: Feedback,
        page: &Page,
        ballot_id: BallotId,
        frame: Frame,
    ) -> Self {
        let (poll, view) = (&snapshot.poll, &snapshot.view);
        let is_open = snapshot.status == PollStatus::Open;
        let is_votable = is_open && own.refusal.is_none() && !feedback.is_waiting();
        let has_voted = own.ballot.is_some();
        let step = if is_open { step(own, page) } else { Step::None };
        let standings = Standings::new(snapshot);
        let options = rows(snapshot, &standings, own, &feedback);
        let needs_invite = matches!(step, Step::Invite { .. });
        let hint = wording::hint(snapshot, &standings, has_voted, needs_invite);
        let has_counts = standings.total.is_some();
        Self {
            id: poll.id.to_string(),
            title: poll.title.clone(),
            description: poll.description.clone(),
            status: StatusLabel::of(snapshot),
            change: StatusChange::of(snapshot, page.state.engine.now()),
            votes: standings
                .total
                .map_or_else(String::new, |total| votes_text(poll, total)),
            viewers: format!("{} watching", snapshot.viewers.saturating_add(1)),
            can_sort: has_counts && poll.options.len() > 2,
            edited: poll.edited_at.map(Moment::from),
            classes: classes(is_votable, has_counts, view.is_final()),
            is_votable,
            is_single: poll.rules.ballot == BallotKind::Single,
            legend: match (is_votable, has_counts) {
                (true, _) => wording::choose(poll),
                (false, true) => "Results".to_owned(),
                (false, false) => "Options".to_owned(),
            },
            options,
            hint,
            confirmation: feedback.confirmation(has_voted),
            error: match (&step, &own.refusal) {
                _ if !feedback.error.is_empty() => feedback.error,
                (Step::None, Some(problem)) if is_open && !has_voted => {
                    let is_by_address = poll.rules.voters == VoterPolicy::Ip;
                    let text = wording::refusal(problem.code(), is_by_address);
                    text.map_or_else(|| problem.sentence(), str::to_owned)
                }
                _ => String::new(),
            },
            has_voted,
            can_withdraw: is_votable && has_voted && poll.rules.revote,
            step,
            ballot_id: ballot_id.to_string(),
            query: query(page, frame),
            is_embedded: frame == Frame::Embed,
        }
    }
}

/// Returns the query with which the forms of the page lead back to it.
fn query(page: &Page, frame: Frame) -> String {
    let query = page.invite_query();
    match (frame, query.as_str()) {
        (Frame::Page, _) => query,
        (Frame::Embed, "") => "?embed=1".to_owned(),
        (Frame::Embed, query) => format!("{query}&embed=1"),
    }
}

fn step(own: &OwnState, page: &Page) -> Step {
    match own.refusal.as_ref().map(crate::Problem::code) {
        Some("not_logged_in") => Step::LogIn,
        Some("invite_invalid") => Step::Invite {
            is_invalid: page.query(PARAMETER).is_some_and(|code| !code.is_empty()),
        },
        _ => Step::None,
    }
}

fn classes(is_votable: bool, has_counts: bool, is_final: bool) -> String {
    let mut classes = vec!["poll"];
    classes.extend(is_votable.then_some("votable"));
    classes.extend(has_counts.then_some("counts"));
    classes.extend(is_final.then_some("sealed"));
    classes.join(" ")
}

fn rows(
    snapshot: &PollSnapshot,
    standings: &Standings,
    own: &OwnState,
    feedback: &Feedback,
) -> Vec<OptionRow> {
    let active = own.ballot.as_ref().map(|active| &active.ballot.choice);
    let own_choice = active.map(Choice::options).unwrap_or_default();
    let checked = if feedback.choice.is_empty() {
        own_choice
    } else {
        &feedback.choice
    };
    let shows_counts = standings.total.is_some();
    let shown = |text: String| if shows_counts { text } else { String::new() };
    let rows = snapshot.poll.options.iter().zip(&standings.rows);
    rows.map(|(option, standing)| OptionRow {
        id: standing.id.clone(),
        text: standing.text.clone(),
        is_own: own_choice.contains(&option.id),
        is_checked: checked.contains(&option.id),
        is_leader: snapshot.view.is_final() && standing.leads,
        percent: shown(format!("{}%", standing.percent)),
        count: shown(plural(standing.count, "vote")),
        width: standing.share.clone(),
    })
    .collect()
}
