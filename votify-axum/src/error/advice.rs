use super::code::ErrorCode;

impl ErrorCode {
    /// Returns the `detail` of a problem that has no more exact one: what the client can do.
    /// Empty if the title says all.
    pub(super) const fn advice(self) -> &'static str {
        match self {
            Self::NotLoggedIn => {
                "log in, and send the login as a cookie or in the Authorization header"
            }
            Self::InvalidLogin => {
                "the login is expired, revoked or from an issuer that this server does not \
                 accept: log in again"
            }
            Self::NotOwner => {
                "send the session cookie of the browser that created the poll, or log in as the \
                 account that owns it"
            }
            Self::PollNotFound => "check the id: the poll does not exist, or was deleted",
            Self::NotVoted => {
                "the caller has no vote in this poll: a vote belongs to the session, account, \
                 address or invite code that cast it"
            }
            Self::VoterChanged => {
                "another account, browser session or invite code prepared this vote: ask the \
                 person who votes now, and read the poll's /me again"
            }
            Self::MethodNotAllowed => "the header Allow lists the methods of this path",
            _ => "",
        }
    }
}
