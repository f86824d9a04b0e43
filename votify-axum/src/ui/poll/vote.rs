//! The forms of the poll's page: a vote, a changed vote and a withdrawal.

use axum::http::StatusCode;
use axum::response::Response;
use votify_core::poll::FieldError;
use votify_core::{BallotId, Choice, OptionId, PollId, VoteOutcome, VoteReceipt};

use super::feedback::{BALLOT, Feedback};
use super::{Frame, respond, wording};
use crate::authorize::Action;
use crate::dto::ballot::BallotInput;
use crate::error::{ErrorCode, Problem};
use crate::extract::path::PollPath;
use crate::router::RouteGroup;
use crate::ui::done::{Done, with_parameter};
use crate::ui::form::{FormFields, FromForm, PageForm};
use crate::ui::page::Page;
use crate::voting::cast_within_rate;

/// A ballot as the form sends it.
#[derive(Debug)]
pub(in crate::ui) struct BallotForm {
    /// `None` if an option's id is malformed.
    options: Option<Vec<OptionId>>,
    /// True for the form of a poll with one option per ballot.
    is_single: bool,
    /// Rendered with the form, so that a form that is sent twice is one ballot.
    ballot_id: Option<BallotId>,
}

impl FromForm for BallotForm {
    fn from_form(fields: &FormFields) -> Self {
        let options = fields.all("option_id").chain(fields.all("option_ids"));
        Self {
            options: options.map(|id| id.parse().ok()).collect(),
            is_single: fields.has("option_id"),
            ballot_id: fields.get("ballot_id").and_then(|id| id.parse().ok()),
        }
    }
}

pub(in crate::ui) async fn vote(
    PollPath(id): PollPath,
    mut form: PageForm<BallotForm>,
) -> Result<Response, Problem> {
    let cast = async {
        form.verify()?;
        let choice = choice(&form.values)?;
        cast(&mut form.page, id, choice, form.values.ballot_id).await
    };
    let result = cast.await;
    answer(form, id, result, (Done::Voted, Done::VoteQueued)).await
}

pub(in crate::ui) async fn withdraw(
    PollPath(id): PollPath,
    mut form: PageForm<BallotForm>,
) -> Result<Response, Problem> {
    let cast = async {
        form.verify()?;
        cast(
            &mut form.page,
            id,
            Choice::withdraw(),
            form.values.ballot_id,
        )
        .await
    };
    let result = cast.await;
    let done = (Done::Withdrawn, Done::WithdrawalQueued);
    answer(form, id, result, done).await
}

/// Returns the choice of a form. One without options would withdraw the vote.
fn choice(form: &BallotForm) -> Result<Choice, Problem> {
    let error = match form.options.as_deref() {
        Some([]) => "Choose an option first.",
        Some([option]) if form.is_single => return Ok(Choice::one(*option)),
        Some(options) => return Ok(Choice::several(options.iter().copied())),
        None => wording::OPTIONS_CHANGED,
    };
    let errors = vec![FieldError::new("options", error)];
    Err(Problem::field_errors(ErrorCode::InvalidBallot, errors))
}

async fn cast(
    page: &mut Page,
    id: PollId,
    choice: Choice,
    ballot: Option<BallotId>,
) -> Result<VoteReceipt, Problem> {
    page.permit(Action::Vote(id)).await?;
    if !page.state.config.serves(RouteGroup::Voting) {
        return Err(ErrorCode::NotAllowed.into());
    }
    let input = BallotInput {
        choice,
        field: "options",
        id: ballot,
    };
    let state = page.state.clone();
    let attempt = cast_within_rate(&state, id, &mut page.caller, input).await;
    attempt.result
}

/// Leads back to the poll after a ballot, or shows it with the error and the choice. `done`
/// says what was done, by the store and by a queue.
async fn answer(
    mut form: PageForm<BallotForm>,
    id: PollId,
    result: Result<VoteReceipt, Problem>,
    (decided, queued): (Done, Done),
) -> Result<Response, Problem> {
    let page = &mut form.page;
    let problem = match result {
        Ok(receipt) => {
            let path = poll_path(page, id);
            let path = match receipt.outcome {
                VoteOutcome::Queued => {
                    let path = with_parameter(&path, BALLOT, &receipt.ballot.to_string());
                    queued.path(&path, page)
                }
                // Another vote may have replaced it since then.
                VoteOutcome::Replayed { .. } if !is_active(page, id, receipt.ballot).await => path,
                _ => decided.path(&path, page),
            };
            return Ok(page.redirect(&path));
        }
        Err(problem) => problem,
    };
    // The log-in page leads back to the poll: the address of the form only takes forms.
    page.layout.path = poll_path(page, id);
    let page = &form.page;
    let is_gone = problem.status() == StatusCode::NOT_FOUND && problem.code() == "poll_not_found";
    if is_gone || problem.status().is_server_error() {
        return Err(problem);
    }
    let error = wording::error(page, id, &problem).await;
    let choice = form.values.options.clone().unwrap_or_default();
    let feedback = Feedback::refused(error, choice);
    let frame = match is_embedded(page) {
        true => Frame::Embed,
        false => Frame::Page,
    };
    let mut response = respond(&mut form.page, id, Some(feedback), problem.status(), frame).await?;
    problem.write_retry_headers(response.headers_mut());
    Ok(response)
}

/// Returns true if the ballot is the one of the caller that counts.
async fn is_active(page: &Page, id: PollId, ballot: BallotId) -> bool {
    let active = page.state.engine.ballot_of(id, &page.caller()).await;
    active.is_ok_and(|active| active.is_some_and(|active| active.ballot.id == ballot))
}

/// Leads from the address of a form back to the poll, for example after a log-in.
pub(in crate::ui) async fn back(page: Page, PollPath(id): PollPath) -> Response {
    page.redirect(&poll_path(&page, id))
}

fn is_embedded(page: &Page) -> bool {
    page.query("embed").is_some()
}

/// Returns the path of the page whose form was sent.
fn poll_path(page: &Page, id: PollId) -> String {
    let page_path = if is_embedded(page) { "/embed" } else { "" };
    format!("/p/{id}{page_path}{}", page.invite_query())
}
