use std::fmt;

use serde_json::Value;
use utoipa::ToSchema;
use votify_core::account::{Password, UserName};

use crate::dto::fields::{FieldErrors, FieldReader};
use crate::error::{ErrorCode, Problem};

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

/// The credentials of a request, not validated.
pub(crate) struct CredentialsInput {
    pub(crate) name: String,
    pub(crate) password: String,
}

impl CredentialsInput {
    /// Reads a body.
    ///
    /// # Errors
    /// - `invalid_account`: fields are missing, unknown or of the wrong type; the
    ///   response lists all.
    pub(super) fn read(body: Value) -> Result<Self, Problem> {
        let [name, password] = read_texts(body, ["name", "password"])?;
        Ok(Self { name, password })
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

/// Reads a body of required texts and nothing else.
///
/// # Errors
/// - `invalid_account`: fields are missing, unknown or of the wrong type; the response
///   lists all.
pub(super) fn read_texts<const N: usize>(
    body: Value,
    names: [&str; N],
) -> Result<[String; N], Problem> {
    let mut errors = FieldErrors::default();
    let mut texts = [const { String::new() }; N];
    if let Some(mut fields) = FieldReader::new(body, "", &mut errors) {
        for (name, text) in names.into_iter().zip(&mut texts) {
            if !fields.contains(name) {
                errors.add(name, "required");
            }
            *text = fields.string(name, &mut errors).unwrap_or_default();
        }
        fields.finish(&mut errors);
    }
    if errors.is_empty() {
        Ok(texts)
    } else {
        Err(invalid_account(errors))
    }
}

pub(super) fn invalid_account(errors: FieldErrors) -> Problem {
    Problem::field_errors(ErrorCode::InvalidAccount, errors.into_vec())
}

impl fmt::Debug for CredentialsInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsInput")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
