use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::Timestamp;
use votify_core::account::User;

/// A user. Only that user can read it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: Uuid,
    /// The name as it was registered.
    #[schema(example = "ada")]
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        Self {
            id: *user.id.as_uuid(),
            name: user.name.as_str().to_owned(),
            created_at: user.created_at,
        }
    }
}

/// A new login. Browsers also get the token as a cookie.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Login)]
pub(crate) struct LoginBody {
    /// The token, for the header `Authorization: Bearer …`.
    pub(super) token: String,
    /// Always `Bearer`.
    pub(super) token_type: &'static str,
    /// The time at which the token expires, unless it is revoked before.
    #[schema(value_type = String, format = DateTime)]
    pub(super) expires_at: Timestamp,
    pub(super) user: UserBody,
}

impl fmt::Debug for LoginBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginBody")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
