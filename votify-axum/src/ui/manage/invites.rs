//! Creating invite codes.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use votify_core::PollId;
use votify_core::poll::FieldError;
use votify_core::voter::InviteCode;

use super::invite_sheet::{self, MAX_CODES};
use super::{Refused, refused};
use crate::authorize::Action;
use crate::dto::invites::{InvitesBody, max_size};
use crate::error::{ErrorCode, Problem};
use crate::extract::path::PollPath;
use crate::routes::invites::{REQUESTS, create_codes};
use crate::routes::response::csv_file;
use crate::ui::form::{FormFields, FromForm, PageForm};
use crate::ui::sent_forms::{FormResult, SentForms};

/// The name of the field of the number of codes.
const COUNT: &str = "count";
/// The time for which a form that is sent again, as by a reload of its answer, shows the same
/// codes.
const SHEET_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The same for a file. The page stays when a file is saved, and its form creates the next
/// codes: only a double click returns the same. `ui/pages/manage.js` has the same pause.
const FILE_LIFETIME: Duration = Duration::from_secs(2);

/// The codes of forms that were sent lately.
pub(crate) type SentInvites = SentForms<Arc<[InviteCode]>>;

impl FormResult for Arc<[InviteCode]> {
    fn bytes(&self) -> u64 {
        u64::try_from(size_of_val::<[InviteCode]>(self)).unwrap_or(u64::MAX)
    }
}

/// The form to create codes, as it was typed.
#[derive(Debug)]
pub(in crate::ui) struct InvitesForm {
    count: String,
    /// True if the codes are wanted as a file.
    as_file: bool,
}

impl FromForm for InvitesForm {
    fn from_form(fields: &FormFields) -> Self {
        Self {
            count: fields.text(COUNT),
            as_file: fields.get("format") == Some("csv"),
        }
    }
}

impl InvitesForm {
    fn count(&self) -> Result<u32, Problem> {
        let count = self.count.trim().parse().ok().filter(|count| *count > 0);
        let Some(count) = count else {
            return Err(count_error(
                "must be a number of codes, such as 30".to_owned(),
            ));
        };
        if !self.as_file && count > MAX_CODES {
            return Err(count_error(format!(
                "a page shows at most {MAX_CODES} codes; for more, download them as a CSV file"
            )));
        }
        Ok(count)
    }
}

/// Creates codes and shows them: the only time that they can be seen.
pub(in crate::ui) async fn create(
    PollPath(id): PollPath,
    mut form: PageForm<InvitesForm>,
) -> Result<Response, Problem> {
    match respond(&mut form, id).await {
        Ok(response) => Ok(response),
        Err(problem) => {
            let count = &form.values.count;
            refused(&form.page, id, problem, Refused::Invites(count)).await
        }
    }
}

async fn respond(form: &mut PageForm<InvitesForm>, id: PollId) -> Result<Response, Problem> {
    form.verify()?;
    form.page.permit(Action::Invite(id)).await?;
    let count = form.values.count()?;
    let page = &mut form.page;
    REQUESTS.acquire(&page.state, &mut page.caller).await?;
    let (page, state) = (&form.page, &form.page.state);
    let poll = state.engine.authorize_owner(id, &page.caller()).await?;
    let address = page.layout.absolute(&format!("/p/{id}"));
    let size = if form.values.as_file {
        max_size(count, Some(&address))
    } else {
        invite_sheet::max_size(count)
    };
    let reserved = state.reserve_response(size, page.caller.address_block())?;
    let (task_state, task_poll, caller) = (state.clone(), poll.clone(), page.caller.clone());
    let lifetime = if form.values.as_file {
        FILE_LIFETIME
    } else {
        SHEET_LIFETIME
    };
    let codes = form.run_once(|state| &state.sent_invites, lifetime, async move {
        let codes = create_codes(&task_poll, count, &caller, &task_state).await?;
        Ok(codes.into())
    });
    let codes = codes.await?;
    if form.values.as_file {
        let invites = InvitesBody::new(&codes, Some(&address));
        let mut response = csv_file(&format!("invites-{id}"), invites.to_csv());
        let no_store = HeaderValue::from_static("no-store");
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, no_store);
        response.extensions_mut().insert(reserved);
        return Ok(response);
    }
    let invites = invite_sheet::encode(codes, address).await?;
    let template = invite_sheet::template(page, &poll, invites);
    Ok(page.render_reserved(reserved, &template))
}

fn count_error(text: String) -> Problem {
    let error = FieldError::new(COUNT, text);
    Problem::field_errors(ErrorCode::InvalidInvites, vec![error])
}
