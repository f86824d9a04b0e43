//! Registering.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::credentials::{CredentialsForm, respond};
use super::next_path::NextPath;
use crate::authorize::Action;
use crate::error::Problem;
use crate::routes::accounts::{NewLogin, register_user};
use crate::ui::form::PageForm;
use crate::ui::form_errors::FormErrors;
use crate::ui::layout::{Head, Layout};
use crate::ui::page::Page;

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    errors: FormErrors,
    /// The name as it was typed.
    typed_name: &'a str,
    next: &'a str,
    login_url: String,
}

impl<'a> RegisterTemplate<'a> {
    fn new(page: &'a Page, name: &'a str, next: &'a NextPath) -> Self {
        Self {
            layout: &page.layout,
            head: Head::new("Create an account").private(),
            errors: FormErrors::default(),
            typed_name: name,
            next: next.as_str(),
            login_url: page.layout.with_next("/login", next.as_str()),
        }
    }
}

pub(super) async fn show(page: Page) -> Response {
    let next = NextPath::read(page.query("next").as_deref());
    page.render(StatusCode::OK, &RegisterTemplate::new(&page, "", &next))
}

pub(super) async fn submit(form: PageForm<CredentialsForm>) -> Response {
    let (page, values) = (&form.page, &form.values);
    respond(&form, register(&form).await, |problem| {
        let mut template = RegisterTemplate::new(page, &values.credentials.name, &values.next);
        template.errors = errors(problem);
        template
    })
}

async fn register(form: &PageForm<CredentialsForm>) -> Result<NewLogin, Problem> {
    form.verify()?;
    let (page, credentials) = (&form.page, &form.values.credentials);
    page.permit(Action::Register).await?;
    let (user, _) = register_user(credentials, &page.caller, &page.state).await?;
    NewLogin::issue(&user, &page.caller, page.headers_and_uri(), &page.state).await
}

fn errors(problem: &Problem) -> FormErrors {
    let errors = FormErrors::from(problem);
    match problem.code() {
        "name_taken" => errors.with_field("name", "Somebody has this name. Choose another one."),
        _ => errors,
    }
}
