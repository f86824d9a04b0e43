//! Claims of accounts on the polls that their browser sessions created.

use quick_cache::sync::Cache;
use votify_core::backend::LogThrottle;
use votify_core::voter::AccountId;
use votify_core::{Caller, EngineError, PollEngine, SessionId};

/// Maximum number of remembered claims. An entry takes about 150 bytes.
const CAPACITY: usize = 50_000;

/// Claims sessions for accounts. Remembers claims, so that a process calls the store once
/// per account and session.
#[derive(Debug)]
pub(crate) struct SessionClaims {
    recorded: Cache<(SessionId, AccountId), ()>,
    failures: LogThrottle,
}

impl SessionClaims {
    pub(crate) fn new() -> Self {
        Self {
            recorded: Cache::new(CAPACITY),
            failures: LogThrottle::default(),
        }
    }

    /// Lets the account own what the session created. Both must be proven by one request.
    ///
    /// A failure is logged: the request succeeds without the claim, and the next request
    /// that proves both tries again.
    pub(crate) async fn claim(&self, engine: &PollEngine, session: SessionId, account: &AccountId) {
        let claim = (session, account.clone());
        if self.recorded.get(&claim).is_some() {
            return;
        }
        let caller = Caller::session(session).with_account(account.clone());
        match engine.claim_session(&caller).await {
            // False: the account has its maximum of sessions. It stays so.
            Ok(_) => self.recorded.insert(claim, ()),
            Err(error) => self.log_failure(&error),
        }
    }

    fn log_failure(&self, error: &EngineError) {
        if let Some(attempts) = self.failures.record_failure() {
            let error: &dyn std::error::Error = error;
            tracing::warn!(
                attempts,
                error,
                "failed to record that an account owns the polls of its browser session; the next \
                 request of that browser tries again"
            );
        }
    }
}
