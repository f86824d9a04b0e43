//! What is sent to register and to log in.

use std::fmt;

use serde_json::Value;
use utoipa::ToSchema;
use votify_core::account::{Password, UserName};

use crate::fields::{Fields, Problems};
use crate::problem::{Code, Problem};

/// A name and a password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Credentials {
    /// Letters and digits of any script and `. _ - @ +`; the same name in any case.
    #[schema(min_length = 1, max_length = 64, example = "ada")]
    name: String,
    /// At least 8 characters, at most 256 bytes.
    #[schema(min_length = 8, max_length = 256, format = Password, example = "correct horse")]
    password: String,
}

/// What somebody sent, before it is known to be a name and a password.
pub(super) struct Given {
    name: String,
    password: String,
}

impl Given {
    /// Reads a body; all that is wrong with its shape is told at once.
    pub(super) fn read(body: Value) -> Result<Self, Problem> {
        let mut problems = Problems::default();
        let given = Fields::of(body, "", &mut problems).and_then(|mut fields| {
            let mut needed = |name: &str, problems: &mut Problems| {
                if !fields.has(name) {
                    problems.add(name, "is needed");
                }
                fields.text(name, problems)
            };
            let name = needed("name", &mut problems);
            let password = needed("password", &mut problems);
            fields.finish(&mut problems);
            Some(Self {
                name: name?,
                password: password?,
            })
        });
        match given {
            Some(given) if problems.is_empty() => Ok(given),
            _ => Err(Problem::fields(Code::InvalidAccount, problems.into_vec())),
        }
    }

    /// As those of somebody new; all that is wrong with them is told at once.
    pub(super) fn as_new(&self) -> Result<(UserName, Password), Problem> {
        let (name, password) = (UserName::new(&self.name), Password::new(&self.password));
        let mut problems = Problems::default();
        if let Err(problem) = &name {
            problems.add("name", problem.to_string());
        }
        if let Err(problem) = &password {
            problems.add("password", problem.to_string());
        }
        match (name, password) {
            (Ok(name), Ok(password)) => Ok((name, password)),
            _ => Err(Problem::fields(Code::InvalidAccount, problems.into_vec())),
        }
    }

    /// As those of somebody who registered; `None` where nobody can have.
    pub(super) fn as_known(&self) -> (Option<UserName>, Option<Password>) {
        let name = UserName::new(&self.name).ok();
        (name, Password::new(&self.password).ok())
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
