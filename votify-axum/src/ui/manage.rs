//! The owner's page of a poll: what can be changed, invites, closing and deleting.

mod conflict;
mod edit;
mod edit_form;
mod end;
mod invite_sheet;
mod invites;
mod managed_poll;
mod rules_text;

pub(super) use edit::save;
pub(super) use end::{close, delete};
pub(crate) use invites::SentInvites;
pub(super) use invites::create as create_invites;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::PollId;

use self::edit_form::{EditForm, OptionRow};
use self::managed_poll::ManagedPoll;
use super::done::Done;
use super::form_errors::FormErrors;
use super::home::form::{NewPollForm, ORDER, field_name, reworded};
use super::layout::{Head, Layout};
use super::page::Page;
use super::refused_form;
use crate::dto::rules::Capabilities;
use crate::error::Problem;
use crate::extract::path::PollPath;
use crate::routes::polls::capabilities;

#[derive(Template)]
#[template(path = "manage.html")]
struct ManageTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    poll: ManagedPoll,
    /// The fields of the form to change the poll, without its options.
    values: NewPollForm,
    rows: Vec<OptionRow>,
    /// The version of the poll that the form to change it was filled from.
    version: u64,
    /// The errors of the form to change the poll.
    errors: FormErrors,
    can: Capabilities,
    /// False: a poll that exists has a visibility.
    is_listed_by_default: bool,
    invite_errors: FormErrors,
    /// The number of invite codes as it was typed.
    invite_count: &'a str,
    /// The errors of closing and deleting.
    end_errors: FormErrors,
    /// What was just done, or empty.
    notice: &'static str,
}

impl<'a> ManageTemplate<'a> {
    /// Reads the poll for its owner.
    ///
    /// # Errors
    /// - See [`ManagedPoll::load`].
    async fn load(page: &'a Page, id: PollId) -> Result<Self, Problem> {
        let poll = ManagedPoll::load(page, id).await?;
        let mut template = Self {
            layout: &page.layout,
            head: Head::new(format!("Manage: {}", poll.definition.title)).private(),
            values: NewPollForm::default(),
            rows: Vec::new(),
            version: poll.definition.version,
            errors: FormErrors::default(),
            can: capabilities(&page.state, &page.caller),
            is_listed_by_default: false,
            invite_errors: FormErrors::default(),
            invite_count: "",
            end_errors: FormErrors::default(),
            notice: "",
            poll,
        };
        let form = EditForm::of_poll(&template.poll.definition);
        template.fill(&form);
        Ok(template)
    }

    /// Shows these values in the form to change the poll. A form that is shown again keeps
    /// its version: what changed since then was not shown.
    fn fill(&mut self, form: &EditForm) {
        self.values = form.fields.clone();
        self.values.cut();
        self.rows = form.rows(self.poll.has_votes);
        self.version = form.version.unwrap_or(self.version);
    }
}

/// The form that was refused, and its values to show again.
enum Refused<'a> {
    Edit(&'a EditForm),
    /// The number of codes as it was typed.
    Invites(&'a str),
    End,
}

pub(super) async fn show(page: Page, PollPath(id): PollPath) -> Result<Response, Problem> {
    let mut template = ManageTemplate::load(&page, id).await?;
    template.notice = match Done::of(&page) {
        Some(Done::Saved) => "Your changes are saved.",
        Some(Done::Closed) if template.poll.is_final => {
            "The poll is closed. The results are final."
        }
        Some(Done::Closed) => "The poll is closed. The last votes are being counted.",
        _ => "",
    };
    Ok(page.render(StatusCode::OK, &template))
}

/// Leads from the address of a form back to the page, for example after a reload.
pub(super) async fn back(page: Page, PollPath(id): PollPath) -> Response {
    page.redirect(&path(id))
}

fn path(id: PollId) -> String {
    format!("/p/{id}/manage")
}

/// Returns the page with the error of a form. If the poll cannot be shown, the result is the
/// reason for that.
async fn refused(
    page: &Page,
    id: PollId,
    problem: Problem,
    form: Refused<'_>,
) -> Result<Response, Problem> {
    let mut template = ManageTemplate::load(page, id).await?;
    let mut errors = FormErrors::from(&problem);
    match form {
        Refused::Edit(form) => {
            template.fill(form);
            let is_conflict = problem.code() == "form_expired" && !errors.fields().is_empty();
            if is_conflict {
                errors = errors.with_heading("The poll was changed in another window");
                // The errors show what changed, so the form can be saved now.
                template.version = template.poll.definition.version;
            }
            template.errors = errors.in_order(field_name, &ORDER).reworded(reworded);
        }
        Refused::Invites(count) => {
            template.invite_errors = errors;
            template.invite_count = count;
        }
        Refused::End if problem.code() == "invalid_poll" => {
            template.end_errors = errors.with_heading("The poll was not deleted");
        }
        Refused::End => template.end_errors = errors,
    }
    Ok(refused_form::render(page, problem, &template))
}
