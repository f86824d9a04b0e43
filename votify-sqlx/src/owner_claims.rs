//! Claims: sessions whose polls an account also owns.

use std::collections::HashSet;

use votify_core::store::MAX_CLAIMS;
use votify_core::voter::OwnerId;

use crate::backend::{Backend, Call, Transaction, TransactionMode};
use crate::error::Error;
use crate::retry::retry_transient;
use crate::row_ext::RowExt;
use crate::row_set::{RowSet, Value};
use crate::statement::Statement;

/// Records a claim. Returns false if the account has the maximum number of claims.
///
/// Takes no lock, so concurrent calls for one account may exceed the maximum by their
/// number.
pub(crate) async fn claim<B: Backend>(
    backend: &B,
    account: OwnerId,
    session: OwnerId,
) -> Result<bool, Error> {
    let result = retry_transient(async || {
        let params = [session, account].map(|owner| Value::id(owner.as_bytes()));
        let count = Call::Params(Statement::CountClaims, params.into());
        let (mut transaction, replies) = backend.begin(TransactionMode::Write, vec![count]).await?;
        let result = async {
            let counted = replies.into_iter().next().unwrap_or_default().rows;
            let counted = counted.first().ok_or(Error::MissingReply)?;
            if counted.integer(1)? > 0 {
                return Ok((true, false));
            }
            if usize::try_from(counted.integer(0)?).unwrap_or_default() >= MAX_CLAIMS {
                return Ok((false, false));
            }
            let params = [account, session].map(|owner| Value::id(owner.as_bytes()));
            let insert = Call::Params(Statement::InsertClaim, params.into());
            transaction.run_one(insert).await?;
            Ok((true, true))
        };
        let result = result.await;
        transaction.finish(result).await
    });
    match result.await {
        // Another call recorded the same claim.
        Err(error) if error.is_unique_violation() => Ok(true),
        result => result,
    }
}

/// Returns the sessions that accounts claimed.
pub(crate) async fn claimed<B: Backend>(
    backend: &B,
    accounts: &[OwnerId],
) -> Result<Vec<OwnerId>, Error> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let call = || Call::Rows(Statement::ReadClaims, account_rows(accounts));
    let rows = retry_transient(|| backend.read(call())).await?;
    Ok(sessions(&rows)?.into_iter().collect())
}

fn account_rows(accounts: &[OwnerId]) -> RowSet {
    RowSet::builder(accounts)
        .id(|account| account.as_bytes())
        .build()
}

fn sessions(rows: &[impl RowExt]) -> Result<HashSet<OwnerId>, Error> {
    rows.iter()
        .map(|row| Ok(OwnerId::from_bytes(row.id(0)?)))
        .collect()
}
