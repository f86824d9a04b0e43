use std::error::Error;
use std::time::Duration;

use votify_core::ballot::{ChoiceProblem, Refusal};
use votify_core::engine::InviteRefusal;
use votify_core::poll::{ChangeRefusal, FieldError};
use votify_core::voter::IdentifyError;
use votify_core::{EngineError, StoreError};

use crate::problem::{Code, Problem};

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::PollNotFound(_) => Code::PollNotFound.into(),
            EngineError::InvalidPoll(invalid) => Self::fields(Code::InvalidPoll, invalid.0),
            EngineError::NotOwner => Code::NotOwner.into(),
            EngineError::Unidentified(missing) => missing.into(),
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::ChangeRefused(refusal) => refusal.into(),
            EngineError::InvitesRefused(refusal) => refusal.into(),
            EngineError::Overloaded { retry_after } => {
                Self::new(Code::Overloaded).with_retry_after(retry_after)
            }
            EngineError::Store(error) => error.into(),
            EngineError::ShuttingDown => later(Code::Overloaded),
            other => Self::internal(&chain(&other)),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::PollNotFound(_) => Code::PollNotFound.into(),
            error if error.is_transient() => {
                tracing::warn!(cause = %chain(&error), "the store does not answer");
                later(Code::StoreUnavailable)
            }
            other => Self::internal(&chain(&other)),
        }
    }
}

impl From<IdentifyError> for Problem {
    fn from(missing: IdentifyError) -> Self {
        match missing {
            // Whoever has no session has no vote in this poll either; those who vote get a session first.
            IdentifyError::NoSession => Code::NotVoted.into(),
            IdentifyError::NotLoggedIn => Code::NotLoggedIn.into(),
            IdentifyError::NoInvite => Self::new(Code::InviteInvalid)
                .with_detail("Bring the code that you were given, as ?invite=CODE."),
            IdentifyError::NotInvited => Self::new(Code::InviteInvalid)
                .with_detail("This code was not made for this poll."),
            IdentifyError::NoAddress => Self::internal(&missing).with_detail(
                "This poll goes by addresses, and this server is not set up to know its callers' addresses.",
            ),
            other => Self::internal(&other),
        }
    }
}

impl From<InviteRefusal> for Problem {
    fn from(refusal: InviteRefusal) -> Self {
        let count = |problem: String| {
            Self::fields(
                Code::InvalidInvites,
                vec![FieldError::new("count", problem)],
            )
        };
        match refusal {
            InviteRefusal::NotByInvite => Code::NotByInvite.into(),
            InviteRefusal::Closed => Code::PollClosed.into(),
            InviteRefusal::Count { max } => count(format!("must be 1 to {max}")),
            InviteRefusal::TooMany { existing, max } => count(format!(
                "must be at most {}: a poll may have {max} codes, and this one has {existing}",
                max.saturating_sub(existing)
            )),
            other => Self::internal(&other),
        }
    }
}

impl From<ChangeRefusal> for Problem {
    fn from(refusal: ChangeRefusal) -> Self {
        match refusal {
            ChangeRefusal::Closed => Code::PollClosed.into(),
            ChangeRefusal::HasVotes { field } => Self::new(Code::PollHasVotes)
                .with_detail(format!("{field} is frozen since the first vote.")),
            ChangeRefusal::Invalid(invalid) => Self::fields(Code::InvalidPoll, invalid.0),
            other => Self::internal(&other),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::PollNotFound => Code::PollNotFound.into(),
            Refusal::NotOpenYet { opens_at } => {
                Self::new(Code::PollNotOpen).with_detail(format!("It opens at {opens_at}."))
            }
            Refusal::Closed => Code::PollClosed.into(),
            Refusal::AlreadyVoted => Code::AlreadyVoted.into(),
            Refusal::RevoteNotAllowed => Code::RevoteNotAllowed.into(),
            Refusal::NotVoted => Code::NotVoted.into(),
            Refusal::BallotIdReused => Code::BallotIdReused.into(),
            Refusal::AddressQuota => Self::new(Code::AddressQuota).with_detail(
                "As many votes as this poll takes from one network address were counted from yours. Vote from another network, or ask \
                 whoever made the poll.",
            ),
            Refusal::Invalid(problems) => refused_choice(&problems, "option_ids"),
            // The poll was edited at this very moment; the same vote will be judged by the new rules.
            Refusal::OtherVoterPolicy => later(Code::Overloaded),
            other => Self::internal(&other),
        }
    }
}

/// What is wrong with a choice, told of the field `given` that held it.
pub(crate) fn refused_choice(problems: &[ChoiceProblem], given: &str) -> Problem {
    let told = |problem: &ChoiceProblem| {
        let field = match problem {
            ChoiceProblem::ExpectedSingle => "option_id",
            ChoiceProblem::ExpectedMultiple => "option_ids",
            _ => given,
        };
        FieldError::new(field, problem.to_string())
    };
    Problem::fields(Code::InvalidBallot, problems.iter().map(told).collect())
}

/// To be tried again after one to three seconds, another moment for each caller.
pub(crate) fn later(code: Code) -> Problem {
    Problem::new(code).with_retry_after(Duration::from_millis(fastrand::u64(1_000..=3_000)))
}

/// An error with its sources, for the log.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
