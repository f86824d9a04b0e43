//! The owner's page of a poll: what can be changed, invites, closing and deleting.

mod end;
mod invite_sheet;
mod invites;
mod managed_poll;
mod qr_path;
mod rules_text;

pub(super) use end::{close, delete};
pub(super) use invites::create as create_invites;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::PollId;

use self::managed_poll::ManagedPoll;
use super::form_errors::FormErrors;
use super::layout::{Head, Layout};
use super::page::Page;
use super::refused_form;
use crate::error::Problem;
use crate::extract::path::PollPath;

#[derive(Template)]
#[template(path = "manage.html")]
struct ManageTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    poll: ManagedPoll,
    errors: ManageErrors,
    /// What was just done, or empty.
    notice: &'static str,
}

/// The errors of the forms of the page.
#[derive(Debug, Default)]
struct ManageErrors {
    invites: FormErrors,
    /// The number of invite codes as it was typed.
    invite_count: String,
    /// Of closing and deleting.
    end: FormErrors,
}

pub(super) async fn show(page: Page, PollPath(id): PollPath) -> Result<Response, Problem> {
    let poll = ManagedPoll::load(&page, id).await?;
    let notice = match page.query("done").as_deref() {
        Some("saved") => "Your changes are saved.",
        Some("closed") => "The poll is closed. The results are final.",
        _ => "",
    };
    let template = template(&page, poll, ManageErrors::default(), notice);
    Ok(page.render(StatusCode::OK, &template))
}

/// Leads from the address of a form back to the page, for example after a reload.
pub(super) async fn back(page: Page, PollPath(id): PollPath) -> Response {
    page.redirect(&path(id))
}

fn path(id: PollId) -> String {
    format!("/p/{id}/manage")
}

fn template(
    page: &Page,
    poll: ManagedPoll,
    errors: ManageErrors,
    notice: &'static str,
) -> ManageTemplate<'_> {
    ManageTemplate {
        layout: &page.layout,
        head: Head::new(format!("Manage: {}", poll.title)).private(),
        poll,
        errors,
        notice,
    }
}

/// Returns the page with the errors of a form. If the poll cannot be shown, the result is
/// the reason for that.
async fn refused(
    page: &Page,
    id: PollId,
    problem: Problem,
    errors: ManageErrors,
) -> Result<Response, Problem> {
    let poll = ManagedPoll::load(page, id).await?;
    Ok(refused_form::render(page, problem, &template(page, poll, errors, "")))
}
