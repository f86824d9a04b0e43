use crate::identity::IdentityError;
use crate::problem::{Code, Problem, later};

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Invalid => Code::InvalidLogin.into(),
            IdentityError::Unavailable => later(Code::StoreUnavailable),
        }
    }
}
