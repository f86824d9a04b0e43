//! The start page: the form to create a poll.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::Owner;

use super::form::{FormFields, FromForm, PageForm};
use super::form_errors::FormErrors;
use super::layout::{Head, Layout};
use super::page::Page;
use crate::authorize::Action;
use crate::error::Problem;

#[derive(Template)]
#[template(path = "home.html")]
struct HomeTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    errors: FormErrors,
    values: &'a NewPollForm,
}

/// The form as it was typed.
#[derive(Debug, Default)]
pub(super) struct NewPollForm {
    title: String,
    options: Vec<String>,
}

impl FromForm for NewPollForm {
    fn from_form(fields: &FormFields) -> Self {
        Self {
            title: fields.text("title"),
            options: fields.all("options").map(str::to_owned).collect(),
        }
    }
}

pub(super) async fn show(page: Page) -> Response {
    let values = NewPollForm::default();
    render(&page, StatusCode::OK, &values, FormErrors::default())
}

pub(super) async fn submit(form: PageForm<NewPollForm>) -> Response {
    match create(&form).await {
        Ok(path) => form.page.redirect(&path),
        Err(problem) => {
            let errors = FormErrors::from(&problem);
            render(&form.page, problem.status(), &form.values, errors)
        }
    }
}

async fn create(form: &PageForm<NewPollForm>) -> Result<String, Problem> {
    form.verify()?;
    form.page.permit(Action::Create).await?;
    let values = &form.values;
    let options = values.options.iter().filter(|text| !text.trim().is_empty());
    let mut draft = votify_core::PollDraft::single_choice(&values.title, options.cloned());
    draft.owner = form.page.caller().session_id().map(Owner::Session);
    let poll = form.page.state.engine.create_poll(draft).await?;
    Ok(format!("/p/{}?created=1", poll.id))
}

fn render(
    page: &Page,
    status: StatusCode,
    values: &NewPollForm,
    errors: FormErrors,
) -> Response {
    let template = HomeTemplate {
        layout: &page.layout,
        head: Head::new("Create a poll").description("Ask a question and see the votes live."),
        errors,
        values,
    };
    page.render(status, &template)
}
