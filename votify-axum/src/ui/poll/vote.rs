//! The forms of the poll's page: a vote, a changed vote and a withdrawal.

use axum::http::StatusCode;
use axum::response::Response;
use form_urlencoded::Serializer;
use votify_core::poll::FieldError;
use votify_core::{BallotId, Choice, OptionId, PollId};

use super::view::Feedback;
use super::{Frame, respond, wording};
use crate::authorize::Action;
use crate::dto::ballot::BallotInput;
use crate::error::{ErrorCode, Problem};
use crate::extract::invite::PARAMETER;
use crate::extract::path::PollPath;
use crate::router::RouteGroup;
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
    answer(form, id, result, "voted").await
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
    answer(form, id, result, "withdrawn").await
}

/// Returns the choice of a form. One without options would withdraw the vote.
fn choice(form: &BallotForm) -> Result<Choice, Problem> {
    let error = match form.options.as_deref() {
        Some([]) => "Choose an option first.",
        Some([option]) if form.is_single => return Ok(Choice::one(*option)),
        Some(options) => return Ok(Choice::several(options.iter().copied())),
        None => "The options have changed. Check your choice and vote again.",
    };
    let errors = vec![FieldError::new("options", error)];
    Err(Problem::field_errors(ErrorCode::InvalidBallot, errors))
}

async fn cast(
    page: &mut Page,
    id: PollId,
    choice: Choice,
    ballot: Option<BallotId>,
) -> Result<(), Problem> {
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
    attempt.result.map(|_| ())
}

/// Leads back to the poll after a vote, or shows it with the error and the choice.
async fn answer(
    mut form: PageForm<BallotForm>,
    id: PollId,
    result: Result<(), Problem>,
    done: &str,
) -> Result<Response, Problem> {
    let page = &mut form.page;
    let Err(problem) = result else {
        return Ok(page.redirect(&poll_path(page, id, Some(done))));
    };
    // The log-in page leads back to the poll: the address of the form only takes forms.
    page.layout.path = poll_path(page, id, None);
    let page = &form.page;
    let is_gone = problem.status() == StatusCode::NOT_FOUND && problem.code() == "poll_not_found";
    if is_gone || problem.status().is_server_error() {
        return Err(problem);
    }
    let feedback = Feedback {
        done: None,
        error: error_text(page, id, &problem).await,
        choice: form.values.options.clone().unwrap_or_default(),
    };
    let frame = match is_embedded(page) {
        true => Frame::Embed,
        false => Frame::Page,
    };
    let mut response = respond(page, id, feedback, problem.status(), frame).await?;
    problem.write_retry_headers(response.headers_mut());
    Ok(response)
}

/// Leads from the address of a form back to the poll, for example after a log-in.
pub(in crate::ui) async fn back(page: Page, PollPath(id): PollPath) -> Response {
    page.redirect(&poll_path(&page, id, None))
}

fn is_embedded(page: &Page) -> bool {
    page.query("embed").is_some()
}

/// Returns the path of the page whose form was sent.
fn poll_path(page: &Page, id: PollId, done: Option<&str>) -> String {
    let page_path = if is_embedded(page) { "/embed" } else { "" };
    let mut query = Serializer::new(String::new());
    if let Some(done) = done {
        query.append_pair("done", done);
    }
    if let Some(code) = page.query(PARAMETER) {
        query.append_pair(PARAMETER, &code);
    }
    match query.finish().as_str() {
        "" => format!("/p/{id}{page_path}"),
        query => format!("/p/{id}{page_path}?{query}"),
    }
}

async fn error_text(page: &Page, id: PollId, problem: &Problem) -> String {
    let poll = page.state.engine.definition(id).await;
    let is_by_address = poll.is_ok_and(|poll| poll.rules.voters == votify_core::VoterPolicy::Ip);
    let known = wording::refusal(problem.code(), is_by_address);
    known.map_or_else(|| problem.sentence(), str::to_owned)
}
