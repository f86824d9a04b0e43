//! Closing and deleting a poll.

use axum::response::Response;
use votify_core::poll::FieldError;
use votify_core::{Actor, PollId};

use super::{Refused, path, refused};
use crate::authorize::Action;
use crate::error::{ErrorCode, Problem};
use crate::extract::path::PollPath;
use crate::ui::done::Done;
use crate::ui::form::{FormFields, FromForm, PageForm};

/// The name of the box to confirm a deletion.
const SURE: &str = "sure";

pub(in crate::ui) async fn close(
    PollPath(id): PollPath,
    form: PageForm<()>,
) -> Result<Response, Problem> {
    let closed = async || {
        permit(&form, id).await?;
        let owner = form.page.caller();
        let actor = Actor::Caller(&owner);
        form.page.state.engine.close_poll(id, actor).await?;
        let next = Done::Closed.path(&path(id), &form.page);
        Ok(form.page.redirect(&next))
    };
    match closed().await {
        Ok(response) => Ok(response),
        Err(problem) => refused(&form.page, id, problem, Refused::End).await,
    }
}

/// The form to delete a poll.
#[derive(Debug)]
pub(in crate::ui) struct DeleteForm {
    /// True if the box to confirm was checked.
    is_sure: bool,
}

impl FromForm for DeleteForm {
    fn from_form(fields: &FormFields) -> Self {
        Self {
            is_sure: fields.has(SURE),
        }
    }
}

pub(in crate::ui) async fn delete(
    PollPath(id): PollPath,
    form: PageForm<DeleteForm>,
) -> Result<Response, Problem> {
    let deleted = async || {
        permit(&form, id).await?;
        if !form.values.is_sure {
            let error = FieldError::new(SURE, "confirm that the poll shall be deleted");
            return Err(Problem::field_errors(ErrorCode::InvalidPoll, vec![error]));
        }
        let owner = form.page.caller();
        let actor = Actor::Caller(&owner);
        form.page.state.engine.delete_poll(id, actor).await?;
        let next = Done::Deleted.path("/mine", &form.page);
        Ok(form.page.redirect(&next))
    };
    match deleted().await {
        Ok(response) => Ok(response),
        Err(problem) => refused(&form.page, id, problem, Refused::End).await,
    }
}

async fn permit<T: Sync>(form: &PageForm<T>, id: PollId) -> Result<(), Problem> {
    form.verify()?;
    form.page.permit(Action::Manage(id)).await
}
