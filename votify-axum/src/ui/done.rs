//! What a form did, for the page to which it redirects.

use std::time::Duration;

use super::page::Page;
use super::session_token::TokenKind;

/// The parameter of the query.
const PARAMETER: &str = "done";
/// Time in which a reloaded page still says what was done.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// A form that was carried out. The parameter `done` has its name and a token of the session
/// that sent the form, so that no link makes a page report what was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Voted,
    Withdrawn,
    /// A queue has the vote.
    VoteQueued,
    /// A queue has the withdrawal.
    WithdrawalQueued,
    Saved,
    Closed,
    Deleted,
    #[cfg(feature = "accounts")]
    PasswordChanged,
}

const ALL: &[Done] = &[
    Done::Voted,
    Done::Withdrawn,
    Done::VoteQueued,
    Done::WithdrawalQueued,
    Done::Saved,
    Done::Closed,
    Done::Deleted,
    #[cfg(feature = "accounts")]
    Done::PasswordChanged,
];

impl Done {
    /// Returns what the form did that led to this page.
    pub(super) fn of(page: &Page) -> Option<Self> {
        let value = page.query(PARAMETER)?;
        let (name, token) = value.split_once('.')?;
        let done = *ALL.iter().find(|done| done.name() == name)?;
        let (session, engine) = (page.caller.session_id()?, &page.state.engine);
        done.token_kind()
            .is_valid(token, session, engine.now(), engine.keyring())
            .then_some(done)
    }

    /// Returns the path of the page that says so. `path` may have a query.
    pub(super) fn path(self, path: &str, page: &Page) -> String {
        let Some(session) = page.caller.session_id() else {
            return path.to_owned();
        };
        let engine = &page.state.engine;
        let kind = self.token_kind();
        let token = kind.issue(session, engine.now(), engine.keyring());
        with_parameter(path, PARAMETER, &format!("{}.{token}", self.name()))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Voted => "voted",
            Self::Withdrawn => "withdrawn",
            Self::VoteQueued => "vote-queued",
            Self::WithdrawalQueued => "withdrawal-queued",
            Self::Saved => "saved",
            Self::Closed => "closed",
            Self::Deleted => "deleted",
            #[cfg(feature = "accounts")]
            Self::PasswordChanged => "password",
        }
    }

    const fn token_kind(self) -> TokenKind {
        TokenKind {
            name: self.name(),
            lifetime: LIFETIME,
        }
    }
}

/// Adds a parameter to a path, which may have a query. `value` needs no escapes.
pub(super) fn with_parameter(path: &str, name: &str, value: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{name}={value}")
}
