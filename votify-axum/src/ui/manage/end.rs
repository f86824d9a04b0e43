//! Closing and deleting a poll.

use axum::response::Response;
use votify_core::{Actor, PollId};

use super::{ManageErrors, path, refused};
use crate::authorize::Action;
use crate::error::Problem;
use crate::extract::path::PollPath;
use crate::ui::form::{FormFields, FromForm, PageForm};
use crate::ui::form_errors::FormErrors;

/// A form without fields.
#[derive(Debug)]
pub(in crate::ui) struct Confirmed;

impl FromForm for Confirmed {
    fn from_form(_: &FormFields) -> Self {
        Self
    }
}

pub(in crate::ui) async fn close(
    PollPath(id): PollPath,
    form: PageForm<Confirmed>,
) -> Result<Response, Problem> {
    let closed = async || {
        permit(&form, id).await?;
        let owner = form.page.caller();
        let actor = Actor::Caller(&owner);
        form.page.state.engine.close_poll(id, actor).await?;
        Ok(form.page.redirect(&format!("{}?done=closed", path(id))))
    };
    match closed().await {
        Ok(response) => Ok(response),
        Err(problem) => with_errors(&form, id, problem).await,
    }
}

pub(in crate::ui) async fn delete(
    PollPath(id): PollPath,
    form: PageForm<Confirmed>,
) -> Result<Response, Problem> {
    let deleted = async || {
        permit(&form, id).await?;
        let owner = form.page.caller();
        let actor = Actor::Caller(&owner);
        form.page.state.engine.delete_poll(id, actor).await?;
        Ok(form.page.redirect("/mine?done=deleted"))
    };
    match deleted().await {
        Ok(response) => Ok(response),
        Err(problem) => with_errors(&form, id, problem).await,
    }
}

async fn permit(form: &PageForm<Confirmed>, id: PollId) -> Result<(), Problem> {
    form.verify()?;
    form.page.permit(Action::Manage(id)).await
}

async fn with_errors(
    form: &PageForm<Confirmed>,
    id: PollId,
    problem: Problem,
) -> Result<Response, Problem> {
    let errors = ManageErrors {
        end: FormErrors::from(&problem),
        ..ManageErrors::default()
    };
    refused(&form.page, id, problem, errors).await
}
