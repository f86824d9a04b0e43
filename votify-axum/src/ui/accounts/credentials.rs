use std::fmt;

use super::next_path::NextPath;
use crate::routes::accounts::CredentialsInput;
use crate::ui::form::{FormFields, FromForm};

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

impl fmt::Debug for CredentialsForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsForm")
            .field("credentials", &self.credentials)
            .field("next", &self.next)
            .finish()
    }
}
