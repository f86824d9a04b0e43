//! The browser sessions that accounts claimed.

use std::collections::BTreeSet;

use redb::{Database, ReadableDatabase, ReadableTable};
use votify_core::store::MAX_CLAIMS;
use votify_core::{OwnerId, StoreError};

use crate::rows::{CLAIMS, store_error};

/// Records a claim. Returns false if the account has the maximum already.
pub(super) fn add(
    database: &Database,
    account: OwnerId,
    session: OwnerId,
) -> Result<bool, StoreError> {
    let transaction = database.begin_write().map_err(store_error)?;
    {
        let mut claims = transaction.open_table(CLAIMS).map_err(store_error)?;
        let claimed = sessions(&claims, account)?;
        if claimed.contains(&session) {
            return Ok(true);
        }
        if claimed.len() >= MAX_CLAIMS {
            return Ok(false);
        }
        claims
            .insert((*account.as_bytes(), *session.as_bytes()), ())
            .map_err(store_error)?;
    }
    transaction.commit().map_err(store_error)?;
    Ok(true)
}

/// Returns the sessions that any of the accounts claimed, without duplicates.
pub(super) fn of(database: &Database, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
    let snapshot = database.begin_read().map_err(store_error)?;
    let claims = snapshot.open_table(CLAIMS).map_err(store_error)?;
    let mut all = BTreeSet::new();
    for account in accounts {
        all.extend(sessions(&claims, *account)?);
    }
    Ok(all.into_iter().collect())
}

fn sessions(
    claims: &impl ReadableTable<([u8; 16], [u8; 16]), ()>,
    account: OwnerId,
) -> Result<Vec<OwnerId>, StoreError> {
    let account = *account.as_bytes();
    let all = (account, [0; 16])..=(account, [0xFF; 16]);
    let rows = claims.range(all).map_err(store_error)?;
    rows.map(|row| Ok(OwnerId::from_bytes(row.map_err(store_error)?.0.value().1)))
        .collect()
}
