use std::fmt;

use askama::Template;
use axum::response::Response;

use super::next_path::NextPath;
use crate::error::Problem;
use crate::routes::accounts::{CredentialsInput, NewLogin};
use crate::ui::form::{FormFields, FromForm, PageForm};
use crate::ui::refused_form;

/// The form of a name and a password, to log in or to register.
pub(super) struct CredentialsForm {
    pub(super) credentials: CredentialsInput,
    /// The page that follows.
    pub(super) next: NextPath,
}

impl FromForm for CredentialsForm {
    fn from_form(fields: &FormFields) -> Self {
        Self {
            credentials: CredentialsInput {
                name: fields.text("name"),
                password: fields.text("password"),
            },
            next: NextPath::read(fields.get("next")),
        }
    }
}

/// Leads to the page that follows with a new login, or shows the form again.
pub(super) fn respond<T: Template>(
    form: &PageForm<CredentialsForm>,
    login: Result<NewLogin, Problem>,
    refused: impl FnOnce(&Problem) -> T,
) -> Response {
    let page = &form.page;
    match login {
        Ok(login) => {
            let mut response = page.redirect(form.values.next.as_str());
            login.set_cookie(response.headers_mut());
            response
        }
        Err(problem) => {
            let template = refused(&problem);
            refused_form::render(page, problem, &template)
        }
    }
}

impl fmt::Debug for CredentialsForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsForm")
            .field("credentials", &self.credentials)
            .field("next", &self.next)
            .finish()
    }
}
