use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, FromRequestParts, Request};
use serde_json::Value;
use utoipa::ToSchema;
use votify_core::account::{Password, UserName};

use crate::accounts::cookie;
use crate::dto::fields::{FieldErrors, FieldReader};
use crate::error::{ErrorCode, Problem};
use crate::extract::caller::RequestCaller;
use crate::extract::json::JsonBody;
use crate::extract::permitted::{Permitted, RouteAction};
use crate::state::AppState;

/// A name and a password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only for the OpenAPI document")]
pub(crate) struct Credentials {
    /// Letters and digits of any script, and `. _ - @ +`. Case is ignored.
    #[schema(min_length = 1, max_length = 64, example = "ada")]
    name: String,
    /// At least 8 characters and at most 256 bytes.
    #[schema(min_length = 8, max_length = 256, format = Password, example = "correct horse")]
    password: String,
}

/// A request to register or to log in.
#[derive(Debug)]
pub(crate) struct CredentialsRequest<A> {
    pub(super) caller: RequestCaller,
    pub(super) credentials: CredentialsInput,
    /// True if the browser calls this server by a loopback name.
    pub(super) is_loopback: bool,
    action: PhantomData<fn() -> A>,
}

impl<A: RouteAction> FromRequest<AppState> for CredentialsRequest<A> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Permitted(caller, ..) = Permitted::<A>::from_request_parts(&mut parts, state).await?;
        let is_loopback = cookie::is_loopback(&parts.headers, &parts.uri);
        let request = Request::from_parts(parts, body);
        let JsonBody(body) = JsonBody::from_request(request, state).await?;
        Ok(Self {
            caller,
            credentials: CredentialsInput::read(body)?,
            is_loopback,
            action: PhantomData,
        })
    }
}

/// The credentials of a request, not validated.
pub(super) struct CredentialsInput {
    name: String,
    password: String,
}

impl CredentialsInput {
    /// Reads a body.
    ///
    /// # Errors
    /// - `invalid_account`: fields are missing, unknown or of the wrong type; the
    ///   response lists all.
    pub(super) fn read(body: Value) -> Result<Self, Problem> {
        let mut errors = FieldErrors::default();
        let input = FieldReader::new(body, "", &mut errors).and_then(|mut fields| {
            let mut required = |name: &str, errors: &mut FieldErrors| {
                if !fields.contains(name) {
                    errors.add(name, "required");
                }
                fields.string(name, errors)
            };
            let name = required("name", &mut errors);
            let password = required("password", &mut errors);
            fields.finish(&mut errors);
            Some(Self {
                name: name?,
                password: password?,
            })
        });
        match input {
            Some(input) if errors.is_empty() => Ok(input),
            _ => Err(invalid_account(errors)),
        }
    }

    /// Returns the credentials of a new user.
    ///
    /// # Errors
    /// - `invalid_account`: name or password is invalid; the response lists both.
    pub(super) fn for_registration(&self) -> Result<(UserName, Password), Problem> {
        let (name, password) = (UserName::new(&self.name), Password::new(&self.password));
        let mut errors = FieldErrors::default();
        if let Err(error) = &name {
            errors.add("name", error.to_string());
        }
        if let Err(error) = &password {
            errors.add("password", error.to_string());
        }
        match (name, password) {
            (Ok(name), Ok(password)) => Ok((name, password)),
            _ => Err(invalid_account(errors)),
        }
    }

    /// Returns the credentials of a registered user. A name or password that nobody can
    /// have registered is `None`.
    pub(super) fn for_login(&self) -> (Option<UserName>, Option<Password>) {
        let name = UserName::new(&self.name).ok();
        (name, Password::new(&self.password).ok())
    }
}

fn invalid_account(errors: FieldErrors) -> Problem {
    Problem::field_errors(ErrorCode::InvalidAccount, errors.into_vec())
}

impl fmt::Debug for CredentialsInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsInput")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
