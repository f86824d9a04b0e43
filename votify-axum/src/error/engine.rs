use std::error::Error;
use std::sync::LazyLock;
use std::time::Duration;

use votify_core::backend::LogThrottle;
use votify_core::ballot::{ChoiceProblem, Refusal};
use votify_core::engine::InviteRefusal;
use votify_core::poll::{ChangeRefusal, FieldError};
use votify_core::voter::IdentifyError;
use votify_core::{EngineError, StoreError};

use super::code::ErrorCode;
use super::problem::Problem;

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::PollNotFound(_) => ErrorCode::PollNotFound.into(),
            EngineError::InvalidPoll(invalid) => {
                Self::field_errors(ErrorCode::InvalidPoll, invalid.0)
            }
            EngineError::NotOwner => ErrorCode::NotOwner.into(),
            EngineError::Unidentified(error) => error.into(),
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::ChangeRefused(refusal) => refusal.into(),
            EngineError::InvitesRefused(refusal) => refusal.into(),
            EngineError::Overloaded { retry_after } => {
                Self::new(ErrorCode::Overloaded).with_retry_after(retry_after)
            }
            EngineError::Store(error) => error.into(),
            EngineError::Queue { error, retry_after } if error.is_transient() => {
                log_unavailable("queue", &error);
                Self::new(ErrorCode::QueueUnavailable).with_retry_after(retry_after)
            }
            EngineError::ShuttingDown => retry_later(ErrorCode::Overloaded),
            other => Self::internal(&error_chain(&other)),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::PollNotFound(_) => ErrorCode::PollNotFound.into(),
            error if error.is_transient() => {
                log_unavailable("store", &error);
                retry_later(ErrorCode::StoreUnavailable)
            }
            other => Self::internal(&error_chain(&other)),
        }
    }
}

impl From<IdentifyError> for Problem {
    fn from(error: IdentifyError) -> Self {
        match error {
            // A caller who votes gets a session first. So a caller without one has not
            // voted.
            IdentifyError::NoSession => ErrorCode::NotVoted.into(),
            IdentifyError::NotLoggedIn => ErrorCode::NotLoggedIn.into(),
            IdentifyError::NoInvite => Self::new(ErrorCode::InviteInvalid)
                .with_detail("send your code as the query parameter ?invite=CODE"),
            IdentifyError::NotInvited => Self::new(ErrorCode::InviteInvalid)
                .with_detail("this code is not valid for this poll"),
            IdentifyError::NoAddress => Self::internal(&error).with_detail(
                "this poll identifies voters by address, and the server is not set up to read \
                 callers' addresses",
            ),
            // The engine logs the missing secret, once.
            IdentifyError::UnknownKey(_) => Self::new(ErrorCode::PollKeyUnknown).with_detail(
                "the server lacks the secret with which this poll was created, so that it cannot \
                 recognize voters and owners; its operator must add the secret again",
            ),
            other => Self::internal(&other),
        }
    }
}

impl From<InviteRefusal> for Problem {
    fn from(refusal: InviteRefusal) -> Self {
        let count_error = |error: String| {
            let error = FieldError::new("count", error);
            Self::field_errors(ErrorCode::InvalidInvites, vec![error])
        };
        match refusal {
            InviteRefusal::NotByInvite => ErrorCode::NotByInvite.into(),
            InviteRefusal::Closed => ErrorCode::PollClosed.into(),
            InviteRefusal::Count { max } => count_error(format!("must be 1 to {max}")),
            InviteRefusal::TooMany { existing, max } => count_error(format!(
                "must be at most {}: the poll has {existing} of at most {max} codes",
                max.saturating_sub(existing)
            )),
            other => Self::internal(&other),
        }
    }
}

impl From<ChangeRefusal> for Problem {
    fn from(refusal: ChangeRefusal) -> Self {
        match refusal {
            ChangeRefusal::Closed => ErrorCode::PollClosed.into(),
            ChangeRefusal::HasVotes { field } => Self::new(ErrorCode::PollHasVotes)
                .with_detail(format!("{field} cannot change after the first vote")),
            ChangeRefusal::HasOpened { field } => Self::new(ErrorCode::PollHasVotes).with_detail(
                format!("{field} cannot change once the poll has opened: votes may be queued"),
            ),
            ChangeRefusal::Invalid(invalid) => {
                Self::field_errors(ErrorCode::InvalidPoll, invalid.0)
            }
            other => Self::internal(&other),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::PollNotFound => ErrorCode::PollNotFound.into(),
            Refusal::NotOpenYet { opens_at } => Self::new(ErrorCode::PollNotOpen)
                .with_detail(format!("the poll opens at {opens_at}")),
            Refusal::Closed => ErrorCode::PollClosed.into(),
            Refusal::AlreadyVoted => ErrorCode::AlreadyVoted.into(),
            Refusal::RevoteNotAllowed => ErrorCode::RevoteNotAllowed.into(),
            Refusal::NotVoted => ErrorCode::NotVoted.into(),
            Refusal::BallotIdReused => ErrorCode::BallotIdReused.into(),
            Refusal::AddressQuota => Self::new(ErrorCode::AddressQuota).with_detail(
                "this network address has reached the poll's vote limit: vote from another network, \
                 or ask the owner of the poll",
            ),
            Refusal::Invalid(errors) => invalid_choice(&errors, "option_ids"),
            // The poll was edited during this vote. A retry is judged by the new rules.
            Refusal::OutdatedIdentity => retry_later(ErrorCode::Overloaded),
            other => Self::internal(&other),
        }
    }
}

/// Returns the problem of an invalid choice that the request carried in `field`.
pub(crate) fn invalid_choice(errors: &[ChoiceProblem], field: &str) -> Problem {
    let field_error = |error: &ChoiceProblem| {
        let field = match error {
            ChoiceProblem::ExpectedSingle => "option_id",
            ChoiceProblem::ExpectedMultiple => "option_ids",
            _ => field,
        };
        FieldError::new(field, error.to_string())
    };
    let errors = errors.iter().map(field_error).collect();
    Problem::field_errors(ErrorCode::InvalidBallot, errors)
}

/// Returns a problem with a random `Retry-After` of 1 s to 3 s, so that not all clients
/// retry at the same time.
pub(crate) fn retry_later(code: ErrorCode) -> Problem {
    Problem::new(code).with_retry_after(Duration::from_millis(fastrand::u64(1_000..=3_000)))
}

/// Logs an outage of a store, at most every 10 s: each request fails in it.
pub(crate) fn log_unavailable(store: &'static str, error: &dyn Error) {
    static THROTTLE: LazyLock<LogThrottle> = LazyLock::new(LogThrottle::default);
    if let Some(failures) = THROTTLE.record_failure() {
        tracing::warn!(store, failures, cause = %error_chain(error), "store unavailable");
    }
}

/// Returns an error with its sources as one line, for the log.
pub(crate) fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use votify_core::engine::ErrorStatus;
    use votify_core::poll::InvalidPoll;
    use votify_core::queue::QueueError;
    use votify_core::secret::KeyId;
    use votify_core::{PollId, Timestamp};

    use super::*;

    /// The HTTP statuses of a kind of error. Queues that are full are answered 503.
    const fn expected(status: ErrorStatus) -> u16 {
        match status {
            ErrorStatus::NotFound => 404,
            ErrorStatus::Unauthenticated => 401,
            ErrorStatus::Forbidden => 403,
            ErrorStatus::Conflict => 409,
            ErrorStatus::Invalid => 422,
            ErrorStatus::Unavailable | ErrorStatus::Overloaded => 503,
            ErrorStatus::Internal => 500,
        }
    }

    fn refused(refusal: Refusal) -> EngineError {
        EngineError::Refused(refusal)
    }

    #[test]
    fn statuses_agree_with_the_engine() {
        let poll = PollId::from_bytes([1; 16]);
        let retry_after = Duration::from_secs(1);
        for error in [
            EngineError::PollNotFound(poll),
            EngineError::InvalidPoll(InvalidPoll(Vec::new())),
            EngineError::NotOwner,
            EngineError::Overloaded { retry_after },
            EngineError::Queue {
                error: QueueError::Full { backend: "memory" },
                retry_after,
            },
            EngineError::Queue {
                error: QueueError::failed("memory", "wrong settings"),
                retry_after,
            },
            EngineError::ShuttingDown,
            IdentifyError::NotLoggedIn.into(),
            IdentifyError::NoInvite.into(),
            IdentifyError::NotInvited.into(),
            IdentifyError::NoAddress.into(),
            IdentifyError::UnknownKey(KeyId([0; 8])).into(),
            refused(Refusal::PollNotFound),
            refused(Refusal::NotOpenYet {
                opens_at: Timestamp::EPOCH,
            }),
            refused(Refusal::Closed),
            refused(Refusal::AlreadyVoted),
            refused(Refusal::RevoteNotAllowed),
            refused(Refusal::NotVoted),
            refused(Refusal::BallotIdReused),
            refused(Refusal::AddressQuota),
            refused(Refusal::Invalid(Vec::new())),
            refused(Refusal::OutdatedIdentity),
            ChangeRefusal::Closed.into(),
            ChangeRefusal::HasVotes { field: "voters" }.into(),
            ChangeRefusal::HasOpened { field: "voters" }.into(),
            ChangeRefusal::Invalid(InvalidPoll(Vec::new())).into(),
            InviteRefusal::NotByInvite.into(),
            InviteRefusal::Closed.into(),
            InviteRefusal::Count { max: 1 }.into(),
        ] {
            let (text, status) = (format!("{error:?}"), expected(error.status()));
            assert_eq!(Problem::from(error).status().as_u16(), status, "{text}");
        }
    }

    /// The engine asks for a session. Over HTTP, a caller without one has not voted.
    #[test]
    fn a_caller_without_a_session_has_not_voted() {
        let error = EngineError::from(IdentifyError::NoSession);
        assert_eq!(error.status(), ErrorStatus::Unauthenticated);
        assert_eq!(Problem::from(error).code(), "not_voted");
    }
}
