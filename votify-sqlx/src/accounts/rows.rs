//! Between users and their rows.

use votify_core::Timestamp;
use votify_core::account::{PasswordHash, Revocation, TokenId, User, UserId, UserName};

use crate::columns::Columns;
use crate::error::Error;
use crate::parameters::Parameters;

/// The user in the columns `id`, `name`, `password_hash` and `created_at` of the first row.
pub(crate) fn user<R: Columns>(rows: &[R]) -> Result<Option<User>, Error> {
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let unreadable = Error::UnreadableUser;
    Ok(Some(User {
        id: UserId::from_bytes(row.id(0)?),
        name: UserName::new(&row.text(1)?).map_err(|_| unreadable("the name"))?,
        password: PasswordHash::new(row.text(2)?).ok_or(unreadable("the password"))?,
        created_at: Timestamp::from_micros(row.moment(3)?)
            .map_err(|_| unreadable("the time of registration"))?,
    }))
}

/// The tokens in the first column.
pub(crate) fn tokens<R: Columns>(rows: &[R]) -> Result<Vec<TokenId>, Error> {
    let token = |row: &R| Ok(TokenId::from_bytes(row.id(0)?));
    rows.iter().map(token).collect()
}

/// Id, name, the name's key, password hash, time.
pub(crate) fn bind_user(values: &mut impl Parameters, user: &User) -> Result<(), Error> {
    values.id(user.id.as_bytes())?;
    values.text(user.name.as_str())?;
    values.bytes(user.name.key().as_bytes())?;
    values.text(user.password.as_str())?;
    values.moment(user.created_at)
}

/// Token, end.
pub(crate) fn bind_revocation(
    values: &mut impl Parameters,
    revocation: &Revocation,
) -> Result<(), Error> {
    values.id(revocation.token.as_bytes())?;
    values.moment(revocation.expires_at)
}
