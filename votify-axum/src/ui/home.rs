//! The start page: the form to create a poll.

pub(super) mod body;
pub(super) mod form;
pub(super) mod prefill;

use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::{EngineError, PollId, Visibility};

use self::form::NewPollForm;
use super::form::PageForm;
use super::form_errors::FormErrors;
use super::layout::{Head, Layout};
use super::page::Page;
use super::sent_forms::{FormResult, SentForms};
use crate::authorize::Action;
use crate::creation::create_within_limits;
use crate::dto::rules::Capabilities;
use crate::error::Problem;
use crate::router::RouteGroup;
use crate::routes::polls::capabilities;

/// The number of rows that the button "Add options" adds without JavaScript.
const MORE_ROWS: usize = 4;
/// The time for which a form that is sent again leads to the same poll: that of its token.
const FORM_LIFETIME: Duration = super::form::TOKEN.lifetime;

/// The polls of forms that were sent lately.
pub(crate) type SentPolls = SentForms<PollId>;

impl FormResult for PollId {
    fn bytes(&self) -> u64 {
        16
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomeTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    errors: FormErrors,
    values: &'a NewPollForm,
    can: Capabilities,
    is_listed_by_default: bool,
    /// True if the further settings are shown from the start.
    is_open: bool,
}

/// The start page of callers who may not create polls.
#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomeTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    /// True if the caller may create polls after a login.
    needs_login: bool,
}

pub(super) async fn show(page: Page) -> Result<Response, Problem> {
    if let Err(refused) = may_create(&page).await {
        let needs_login = refused.code() == "not_logged_in";
        if !needs_login && refused.code() != "not_allowed" {
            return Err(refused);
        }
        let template = WelcomeTemplate {
            layout: &page.layout,
            head: Head::new("Welcome").description("Polls with live results."),
            needs_login,
        };
        return Ok(page.render(StatusCode::OK, &template));
    }
    let values = match page.query("from") {
        Some(id) => prefill::from_poll(&page, &id).await?,
        None => NewPollForm::default(),
    };
    Ok(render(&page, StatusCode::OK, values, FormErrors::default()))
}

/// Creates the poll, or shows the form again with what was typed.
pub(super) async fn submit(mut form: PageForm<NewPollForm>) -> Result<Response, Problem> {
    if form.values.wants_more {
        let mut values = form.values;
        values.fill_rows(values.options.len() + MORE_ROWS);
        return Ok(render(
            &form.page,
            StatusCode::OK,
            values,
            FormErrors::default(),
        ));
    }
    let problem = match create(&mut form).await {
        Ok(path) => return Ok(form.page.redirect(&path)),
        Err(problem) => problem,
    };
    let errors = FormErrors::from(&problem)
        .in_order(form::field_name, &form::ORDER)
        .reworded(form::reworded);
    let mut response = render(&form.page, problem.status(), form.values, errors);
    problem.write_retry_headers(response.headers_mut());
    Ok(response)
}

async fn create(form: &mut PageForm<NewPollForm>) -> Result<String, Problem> {
    form.verify()?;
    may_create(&form.page).await?;
    let body = body::of_form(&form.values);
    let (state, mut caller) = (form.page.state.clone(), form.page.caller.clone());
    if let Some(poll) = form.earlier_result(&state.sent_polls)
        && let Err(EngineError::PollNotFound(_)) = state.engine.definition(poll).await
    {
        // Deleted since then.
        form.forget_result(&state.sent_polls, &poll);
    }
    let poll = form.run_once(|state| &state.sent_polls, FORM_LIFETIME, async move {
        let attempt = create_within_limits(&state, &mut caller, body).await?;
        Ok(attempt.result?.id)
    });
    let poll = poll.await?;
    let caller = &mut form.page.caller;
    if let Some(session) = caller.session_id()
        && !caller.has_counted_session()
        && !caller.is_logged_in()
    {
        // The session of the task's copy was counted.
        caller.start_counted_session(session);
    }
    Ok(format!("/p/{poll}?created=1"))
}

async fn may_create(page: &Page) -> Result<(), Problem> {
    if !page.state.config.serves(RouteGroup::Creation) {
        return Err(crate::error::ErrorCode::NotAllowed.into());
    }
    page.permit(Action::Create).await
}

fn render(
    page: &Page,
    status: StatusCode,
    mut values: NewPollForm,
    errors: FormErrors,
) -> Response {
    values.cut();
    values.fill_rows(2);
    let template = HomeTemplate {
        layout: &page.layout,
        head: Head::new("Create a poll").description("Ask a question and watch the votes live."),
        is_open: values.has_settings()
            || errors
                .fields()
                .iter()
                .any(|(name, _)| form::is_setting(name)),
        errors,
        can: capabilities(&page.state, &page.caller),
        is_listed_by_default: page.state.config.default_visibility == Visibility::Public,
        values: &values,
    };
    page.render(status, &template)
}
