//! One's own account: the name, changing the password and logging out.

use std::fmt;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::AccountStore;
use votify_core::account::User;

use crate::accounts::Login;
use crate::authorize::Action;
use crate::error::{ErrorCode, Problem};
use crate::routes::accounts::{
    CURRENT_PASSWORD, NEW_PASSWORD, NewLogin, PasswordInput, change_password as change,
    clear_cookies, revoke_all,
};
use crate::ui::done::Done;
use crate::ui::form::{FormFields, FromForm, PageForm};
use crate::ui::form_errors::FormErrors;
use crate::ui::layout::{Head, Layout};
use crate::ui::moment::Moment;
use crate::ui::page::Page;
use crate::ui::refused_form;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    errors: FormErrors,
    name: &'a str,
    created: Moment,
    /// True right after the password was changed.
    is_changed: bool,
}

impl<'a> AccountTemplate<'a> {
    fn new(page: &'a Page, user: &'a User) -> Self {
        Self {
            layout: &page.layout,
            head: Head::new("Your account").private(),
            errors: FormErrors::default(),
            name: user.name.as_str(),
            created: user.created_at.into(),
            is_changed: Done::of(page) == Some(Done::PasswordChanged),
        }
    }
}

/// Shows the account, or the page to log in.
pub(super) async fn show(page: Page) -> Result<Response, Problem> {
    match logged_in(&page).await? {
        Some((_, user)) => Ok(page.render(StatusCode::OK, &AccountTemplate::new(&page, &user))),
        None => Ok(page.redirect("/login?next=%2Faccount")),
    }
}

/// The form to change the password, as it was typed.
pub(super) struct PasswordForm(PasswordInput);

impl FromForm for PasswordForm {
    fn from_form(fields: &FormFields) -> Self {
        Self(PasswordInput {
            current: fields.text(CURRENT_PASSWORD),
            new: fields.text(NEW_PASSWORD),
        })
    }
}

impl fmt::Debug for PasswordForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordForm(..)")
    }
}

pub(super) async fn change_password(form: PageForm<PasswordForm>) -> Result<Response, Problem> {
    let page = &form.page;
    let Some((login, user)) = logged_in(page).await? else {
        return Err(ErrorCode::NotLoggedIn.into());
    };
    match new_login(&form, &login).await {
        Ok(login) => {
            let mut response = page.redirect(&Done::PasswordChanged.path("/account", page));
            login.set_cookie(response.headers_mut());
            Ok(response)
        }
        Err(problem) => {
            let mut template = AccountTemplate::new(page, &user);
            template.errors = FormErrors::from(&problem)
                .in_order(str::to_owned, &[CURRENT_PASSWORD, NEW_PASSWORD]);
            if problem.code() == "invalid_account" {
                template.errors = template.errors.with_heading("The password was not changed");
            }
            Ok(refused_form::render(page, problem, &template))
        }
    }
}

async fn new_login(form: &PageForm<PasswordForm>, login: &Login) -> Result<NewLogin, Problem> {
    form.verify()?;
    let page = &form.page;
    page.permit(Action::LogIn).await?;
    let (user, _) = change(login, &form.values.0, &page.caller, &page.state).await?;
    NewLogin::issue(&user, &page.caller, page.headers_and_uri(), &page.state).await
}

/// Logs out. Logging out twice is no error.
pub(super) async fn log_out(form: PageForm<()>) -> Result<Response, Problem> {
    form.verify()?;
    let (page, state) = (&form.page, &form.page.state);
    let (headers, uri) = page.headers_and_uri();
    match revoke_all(state.auth()?, headers).await {
        Err(problem) if problem.status().is_server_error() => return Err(problem),
        _ => {}
    }
    let mut response = page.redirect("/");
    clear_cookies(response.headers_mut(), (headers, uri), state)?;
    Ok(response)
}

/// Returns the user who is logged in with an account of Votify's own.
async fn logged_in(page: &Page) -> Result<Option<(Login, User)>, Problem> {
    let auth = page.state.auth()?;
    let (headers, _) = page.headers_and_uri();
    let Some(login) = auth.login(headers).await? else {
        return Ok(None);
    };
    let user = auth.store.user(login.user).await?;
    Ok(user.map(|user| (login, user)))
}
