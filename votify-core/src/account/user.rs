use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use crate::account::{PasswordHash, UserName};
use crate::id::{ParseIdError, uuid_id};
use crate::time::Timestamp;

uuid_id! {
    /// The id of a user. It never changes.
    UserId
}
uuid_id! {
    /// The id of a login, and of its token.
    TokenId
}

/// A registered user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id, which is also the [`AccountId`](crate::voter::AccountId) of the user's
    /// votes.
    pub id: UserId,
    /// The login name.
    pub name: UserName,
    /// The hash of the password.
    pub password: PasswordHash,
    /// The time of registration.
    pub created_at: Timestamp,
    /// The number of password changes. Starts at 0. A token contains the value at its
    /// login, and is revoked once the user's is higher.
    pub token_generation: u32,
}

/// The outcome of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// The user is stored.
    Registered,
    /// Another user has the name. Nothing changed.
    NameTaken,
}

/// The outcome of [`change_password`](crate::AccountStore::change_password).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordChange {
    /// The password is changed.
    Changed {
        /// The new [`token_generation`](User::token_generation) of the user.
        token_generation: u32,
    },
    /// The password was changed since the user was read, or the user does not exist.
    /// Nothing changed.
    Outdated,
}

/// A token as it was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IssuedToken {
    /// The token.
    pub token: TokenId,
    /// The user who logged in.
    pub user: UserId,
    /// The [`token_generation`](User::token_generation) of the user at the login.
    pub generation: u32,
}

/// A token that is no longer valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// The token.
    pub token: TokenId,
    /// The token's own expiry, after which the revocation may be removed.
    pub expires_at: Timestamp,
}
