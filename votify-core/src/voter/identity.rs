use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::voter::InviteCode;

/// A browser session: 16 random bytes that the edge keeps in a signed cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// A session nobody else has.
    #[must_use]
    pub fn random() -> Self {
        Self(*uuid::Uuid::new_v4().as_bytes())
    }

    /// A session from bytes that were kept or derived.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes inside.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// The host's own name for a logged-in user: a number, a UUID, a login name, whatever never changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// Wraps the host's name for a user.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The host's name for the user.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the edge knows of a caller. The poll's policy decides which of it counts.
///
/// `Debug` shows neither session, address nor invite.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Caller {
    session: Option<SessionId>,
    address: Option<IpAddr>,
    account: Option<AccountId>,
    invite: Option<InviteCode>,
}

impl Caller {
    /// A caller of whom nothing is known.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// A logged-in user.
    #[must_use]
    pub fn account(id: impl Into<String>) -> Self {
        Self::default().with_account(AccountId::new(id))
    }

    /// A browser with a session.
    #[must_use]
    pub fn session(id: SessionId) -> Self {
        Self::default().with_session(id)
    }

    /// Somebody who was given a code.
    #[must_use]
    pub fn invited(code: InviteCode) -> Self {
        Self::default().with_invite(code)
    }

    /// Also has this account.
    #[must_use]
    pub fn with_account(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// Also has this session.
    #[must_use]
    pub fn with_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Also calls from this address; an IPv4 address written as IPv6 is unfolded, an IPv6 address is cut to its /64.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address_block(address));
        self
    }

    /// Also brings this code.
    #[must_use]
    pub fn with_invite(mut self, code: InviteCode) -> Self {
        self.invite = Some(code);
        self
    }

    /// The session, if there is one.
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        self.session
    }

    /// The account, if logged in.
    #[must_use]
    pub const fn account_id(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    /// The address block that counts as one caller.
    #[must_use]
    pub const fn address_block(&self) -> Option<IpAddr> {
        self.address
    }

    /// The code that the caller was given, if they brought one.
    #[must_use]
    pub const fn invite_code(&self) -> Option<&InviteCode> {
        self.invite.as_ref()
    }

    /// Who would own a poll that this caller makes: the account, else the session.
    #[must_use]
    pub fn as_owner(&self) -> Option<Owner> {
        self.owner_candidates().next()
    }
}

impl Caller {
    /// Everything that this caller may own a poll as.
    pub(crate) fn owner_candidates(&self) -> impl Iterator<Item = Owner> {
        let account = self.account.clone().map(Owner::Account);
        account.into_iter().chain(self.session.map(Owner::Session))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voter")
            .field("session", &self.session)
            .field("address", &self.address.map(|_| ".."))
            .field("account", &self.account)
            .field("invite", &self.invite)
            .finish()
    }
}

/// Who made a poll, as told when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A logged-in user.
    Account(AccountId),
    /// A browser session.
    Session(SessionId),
}

/// What counts as one address: an IPv4 address, or the /64 of an IPv6 address.
fn address_block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> String {
        let voter = Caller::anonymous().with_address(text.parse().unwrap());
        voter.address_block().unwrap().to_string()
    }

    #[test]
    fn addresses_are_cut_to_what_counts_as_one() {
        assert_eq!(block("192.0.2.7"), "192.0.2.7");
        assert_eq!(block("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }

    #[test]
    fn debug_shows_no_secret_of_a_caller() {
        let voter = Caller::session(SessionId::from_bytes([0xAB; 16]))
            .with_address("192.0.2.7".parse().unwrap());
        let shown = format!("{voter:?}");
        assert!(
            !shown.contains("192.0.2") && !shown.to_lowercase().contains("ab,"),
            "{shown}"
        );
    }
}
