//! The page to find a poll by its join code, and the short link to a poll.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::form_errors::FormErrors;
use super::layout::{Head, Layout};
use super::page::Page;
use super::refused_form;
use crate::authorize::Action;
use crate::error::Problem;
use crate::extract::path::JoinCodePath;
use crate::join::find_poll;

/// Maximum characters of a text that the page shows again.
const MAX_SHOWN: usize = 40;
/// The name of the field, and of the parameter of the query.
const FIELD: &str = "code";

#[derive(Template)]
#[template(path = "join.html")]
struct JoinTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    errors: FormErrors,
    code: String,
}

impl<'a> JoinTemplate<'a> {
    fn new(page: &'a Page, code: &str, errors: FormErrors) -> Self {
        Self {
            layout: &page.layout,
            head: Head::new("Join a poll").description("Type the code that you see on the screen."),
            errors,
            code: code.chars().take(MAX_SHOWN).collect(),
        }
    }
}

/// Shows the form. With a code in the query, which the form sends, goes to its poll.
pub(super) async fn show(page: Page) -> Response {
    match page.query(FIELD) {
        Some(code) => open(&page, &code).await,
        None => {
            let template = JoinTemplate::new(&page, "", FormErrors::default());
            page.render(StatusCode::OK, &template)
        }
    }
}

/// Goes to the poll of a code in the path.
pub(super) async fn by_link(page: Page, JoinCodePath(code): JoinCodePath) -> Response {
    open(&page, &code).await
}

async fn open(page: &Page, code: &str) -> Response {
    match find(page, code).await {
        Ok(path) => page.redirect(&path),
        Err(problem) => refused(page, code, problem),
    }
}

async fn find(page: &Page, code: &str) -> Result<String, Problem> {
    let poll = find_poll(&page.state, &page.caller, code).await?;
    page.permit(Action::View(poll)).await?;
    Ok(format!("/p/{poll}"))
}

/// Shows the form again, with the problem at its field.
fn refused(page: &Page, code: &str, problem: Problem) -> Response {
    let text = match problem.code() {
        "poll_not_found" => {
            "No poll has this code. Check it: codes have 6 letters and digits, without 0, 1, I, L, \
             O and U."
        }
        "rate_limited" => {
            "Too many wrong codes came from your network. Wait a few minutes, or ask for the link."
        }
        _ => "",
    };
    let errors = if text.is_empty() {
        FormErrors::from(&problem)
    } else {
        FormErrors::of_field(FIELD, text)
    };
    let template = JoinTemplate::new(page, code, errors);
    refused_form::render(page, problem, &template)
}
