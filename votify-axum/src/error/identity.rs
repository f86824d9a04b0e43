use super::code::ErrorCode;
use super::engine::retry_later;
use super::problem::Problem;
use crate::identity::IdentityError;

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Invalid => ErrorCode::InvalidLogin.into(),
            IdentityError::Unavailable => retry_later(ErrorCode::StoreUnavailable)
                .with_detail("logins cannot be checked for now"),
        }
    }
}
