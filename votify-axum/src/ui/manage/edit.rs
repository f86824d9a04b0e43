//! Changing a poll.

use axum::response::Response;
use votify_core::PollId;

use super::edit_form::EditForm;
use super::{Refused, conflict, path, refused};
use crate::authorize::Action;
use crate::error::Problem;
use crate::extract::path::PollPath;
use crate::routes::polls::{CheckedChange, capabilities};
use crate::ui::done::Done;
use crate::ui::form::PageForm;

pub(in crate::ui) async fn save(
    PollPath(id): PollPath,
    form: PageForm<EditForm>,
) -> Result<Response, Problem> {
    match change(&form, id).await {
        Ok(()) => {
            let next = Done::Saved.path(&path(id), &form.page);
            Ok(form.page.redirect(&next))
        }
        Err(problem) => refused(&form.page, id, problem, Refused::Edit(&form.values)).await,
    }
}

async fn change(form: &PageForm<EditForm>, id: PollId) -> Result<(), Problem> {
    form.verify()?;
    let (page, state) = (&form.page, &form.page.state);
    page.permit(Action::Manage(id)).await?;
    let poll = state.engine.authorize_owner(id, &page.caller()).await?;
    let can = capabilities(state, &page.caller);
    let body = form.values.body(&poll, can);
    if form.values.is_outdated(&poll) {
        let current = EditForm::of_poll(&poll).body(&poll, can);
        if let Some(problem) = conflict::problem(&body, &current, &poll) {
            return Err(problem);
        }
    }
    let change = CheckedChange::read(body, &poll, &page.caller, state)?;
    change.apply(id, &page.caller, state).await?;
    Ok(())
}
