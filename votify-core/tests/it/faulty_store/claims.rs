//! Claims of sessions by accounts, with their faults.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use votify_core::store::MAX_CLAIMS;
use votify_core::voter::OwnerId;

use super::fault::Fault;

/// The sessions that each account claimed.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<HashMap<OwnerId, BTreeSet<OwnerId>>>);

impl Claims {
    /// Returns false if the account has the maximum already.
    pub(crate) fn add(&self, account: OwnerId, session: OwnerId, fault: Option<Fault>) -> bool {
        let mut claims = self.0.lock().unwrap();
        let sessions = claims.entry(account).or_default();
        let is_full = sessions.len() >= MAX_CLAIMS && fault != Some(Fault::UnboundedClaims);
        if is_full && !sessions.contains(&session) {
            return false;
        }
        sessions.insert(session);
        true
    }

    pub(crate) fn of(&self, accounts: &[OwnerId], fault: Option<Fault>) -> Vec<OwnerId> {
        let claims = self.0.lock().unwrap();
        let accounts = match fault {
            Some(Fault::OnlyFirstOwner) => &accounts[..accounts.len().min(1)],
            _ => accounts,
        };
        let sessions = accounts.iter().filter_map(|account| claims.get(account));
        let sessions: BTreeSet<OwnerId> = sessions.flatten().copied().collect();
        sessions.into_iter().collect()
    }
}
