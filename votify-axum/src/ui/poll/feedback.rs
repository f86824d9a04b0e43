use votify_core::engine::VoteStatus;
use votify_core::{BallotId, OptionId, PollId};

use super::wording;
use crate::error::Problem;
use crate::ui::done::Done;
use crate::ui::page::Page;

/// The parameter of the query that names a queued ballot.
pub(super) const BALLOT: &str = "ballot";

/// The result of the form that the user sent before this page.
#[derive(Debug, Default)]
pub(super) struct Feedback {
    done: Option<Done>,
    /// The error, or empty.
    pub(super) error: String,
    /// The options that were chosen in the form.
    pub(super) choice: Vec<OptionId>,
}

impl Feedback {
    /// Creates the feedback of a form that was refused.
    pub(super) const fn refused(error: String, choice: Vec<OptionId>) -> Self {
        Self {
            done: None,
            error,
            choice,
        }
    }

    /// Returns the feedback to which a form redirected. A queued ballot may be decided by now.
    /// There is none for a caller who is no longer the voter, as without the invite code or
    /// the login: the poll is shown.
    ///
    /// # Errors
    /// - `store_unavailable`, `poll_key_unknown`, `internal`: the state of a queued ballot is
    ///   unknown; retry later.
    pub(super) async fn of_query(page: &Page, poll: PollId) -> Result<Self, Problem> {
        let mut feedback = Self {
            done: Done::of(page),
            ..Self::default()
        };
        let counted = match feedback.done {
            Some(Done::VoteQueued) => Done::Voted,
            Some(Done::WithdrawalQueued) => Done::Withdrawn,
            _ => return Ok(feedback),
        };
        let ballot: Option<BallotId> = page.query(BALLOT).and_then(|id| id.parse().ok());
        let Some(ballot) = ballot else {
            return Ok(Self::default());
        };
        let engine = &page.state.engine;
        let status = engine.vote_status(poll, &page.caller(), ballot).await;
        let status = match status.map_err(Problem::from) {
            Ok(status) => status,
            Err(problem) if problem.status().is_client_error() => return Ok(Self::default()),
            Err(problem) => return Err(problem),
        };
        match status {
            VoteStatus::Queued => {}
            VoteStatus::Counted => feedback.done = Some(counted),
            VoteStatus::Refused(refusal) => {
                let error = wording::error(page, poll, &refusal.into()).await;
                feedback = Self::refused(error, Vec::new());
            }
        }
        Ok(feedback)
    }

    /// Returns true if a queue has the ballot of the form.
    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self.done, Some(Done::VoteQueued | Done::WithdrawalQueued))
    }

    /// Returns the text about what was done. A vote may be withdrawn since then, and the
    /// other way round: then the text is what holds, or empty.
    pub(super) const fn confirmation(&self, has_voted: bool) -> &'static str {
        match self.done {
            Some(Done::VoteQueued) => {
                "Your vote was received and is being counted. Reload the page to see it."
            }
            Some(Done::WithdrawalQueued) => {
                "Your withdrawal was received. Reload the page to see that your vote is gone."
            }
            Some(Done::Voted) if has_voted => "Your vote was counted.",
            Some(Done::Withdrawn) if !has_voted => "Your vote was withdrawn.",
            _ if has_voted => "You voted.",
            _ => "",
        }
    }
}
