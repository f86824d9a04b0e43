//! Logging in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::credentials::{CredentialsForm, respond};
use super::next_path::NextPath;
use crate::authorize::Action;
use crate::error::Problem;
use crate::routes::accounts::{NewLogin, check_credentials};
use crate::ui::form::PageForm;
use crate::ui::form_errors::FormErrors;
use crate::ui::layout::{Head, Layout};
use crate::ui::page::Page;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    errors: FormErrors,
    /// The name as it was typed.
    typed_name: &'a str,
    next: &'a str,
    register_url: String,
}

impl<'a> LoginTemplate<'a> {
    fn new(page: &'a Page, name: &'a str, next: &'a NextPath) -> Self {
        Self {
            layout: &page.layout,
            head: Head::new("Log in").private(),
            errors: FormErrors::default(),
            typed_name: name,
            next: next.as_str(),
            register_url: page.layout.with_next("/register", next.as_str()),
        }
    }
}

pub(super) async fn show(page: Page) -> Response {
    let next = NextPath::read(page.query("next").as_deref());
    page.render(StatusCode::OK, &LoginTemplate::new(&page, "", &next))
}

pub(super) async fn submit(form: PageForm<CredentialsForm>) -> Response {
    let (page, values) = (&form.page, &form.values);
    respond(&form, log_in(&form).await, |problem| {
        let mut template = LoginTemplate::new(page, &values.credentials.name, &values.next);
        template.errors = errors(problem);
        template
    })
}

async fn log_in(form: &PageForm<CredentialsForm>) -> Result<NewLogin, Problem> {
    form.verify()?;
    let (page, credentials) = (&form.page, &form.values.credentials);
    page.permit(Action::LogIn).await?;
    let (user, _) = check_credentials(credentials, &page.caller, &page.state).await?;
    NewLogin::issue(&user, &page.caller, page.headers_and_uri(), &page.state).await
}

fn errors(problem: &Problem) -> FormErrors {
    let errors = FormErrors::from(problem);
    match problem.code() {
        "invalid_login" => errors
            .with_heading("Name or password is wrong")
            .with_field("password", "Check both, and type the password again."),
        _ => errors,
    }
}
