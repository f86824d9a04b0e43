use super::code::ErrorCode;
use super::engine::retry_later;
use super::problem::Problem;
use crate::authorize::Denied;

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotLoggedIn(reason) => Self::new(ErrorCode::NotLoggedIn).with_detail(reason),
            Denied::NotAllowed(reason) => Self::new(ErrorCode::NotAllowed).with_detail(reason),
            Denied::Unavailable => retry_later(ErrorCode::StoreUnavailable),
        }
    }
}
