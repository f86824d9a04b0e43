//! The suite's own test: an account store with one fault fails the case that is there to catch it.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use votify_core::account::{
    AccountError, AccountStore, PasswordHash, Registration, Revocation, TokenId, User, UserId,
    UserName,
};
use votify_core::conformance::{
    ACCOUNT_STORE_CASES, AccountStoreFixture, FreshAccountStore, check_account_store,
};
use votify_core::{MemoryAccountStore, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Looks whether a name is free, and registers it whatever happened meanwhile.
    LooksBeforeItRegisters,
    /// Knows a name only as it was written.
    KnowsNamesByTheirLetters,
    /// Keeps the beginning of a hash.
    CutsHashes,
    /// Answers for other tokens than were asked for.
    AnswersOutOfOrder,
    /// Forgets a revocation at the next one.
    ForgetsTooEarly,
    /// Forgets nothing.
    ForgetsNothing,
}

impl Fault {
    const ALL: [Self; 6] = [
        Self::LooksBeforeItRegisters,
        Self::KnowsNamesByTheirLetters,
        Self::CutsHashes,
        Self::AnswersOutOfOrder,
        Self::ForgetsTooEarly,
        Self::ForgetsNothing,
    ];
}

#[derive(Debug)]
struct Faulty {
    fault: Fault,
    kept: MemoryAccountStore,
    /// The users that the store underneath would not take.
    more: std::sync::Mutex<Vec<User>>,
}

impl Faulty {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

#[async_trait]
impl AccountStore for Faulty {
    fn backend(&self) -> &'static str {
        "faulty"
    }

    async fn register(&self, user: &User) -> Result<Registration, AccountError> {
        let mut user = user.clone();
        if self.is(Fault::CutsHashes) {
            let start: String = user.password.as_str().chars().take(40).collect();
            user.password = PasswordHash::new(start).unwrap();
        }
        if self.is(Fault::LooksBeforeItRegisters) {
            if self.user_named(&user.name).await?.is_some() {
                return Ok(Registration::NameTaken);
            }
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            if self.kept.register(&user).await? == Registration::NameTaken {
                self.more.lock().unwrap().push(user);
            }
            return Ok(Registration::Registered);
        }
        if self.is(Fault::KnowsNamesByTheirLetters) {
            let mut more = self.more.lock().unwrap();
            let taken = more
                .iter()
                .any(|known| known.name.as_str() == user.name.as_str());
            if !taken {
                more.push(user);
            }
            return Ok(if taken {
                Registration::NameTaken
            } else {
                Registration::Registered
            });
        }
        self.kept.register(&user).await
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        if self.is(Fault::KnowsNamesByTheirLetters) {
            let more = self.more.lock().unwrap();
            let found = more
                .iter()
                .find(|known| known.name.as_str() == name.as_str());
            return Ok(found.cloned());
        }
        self.kept.user_named(name).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        let more = self
            .more
            .lock()
            .unwrap()
            .iter()
            .find(|user| user.id == id)
            .cloned();
        match more {
            Some(user) => Ok(Some(user)),
            None => self.kept.user(id).await,
        }
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        let now = match self.fault {
            Fault::ForgetsTooEarly => Timestamp::MAX,
            Fault::ForgetsNothing => Timestamp::EPOCH,
            _ => now,
        };
        self.kept.revoke(revocation, now).await
    }

    async fn are_revoked(&self, tokens: &[TokenId]) -> Result<Vec<bool>, AccountError> {
        let mut told = self.kept.are_revoked(tokens).await?;
        if self.is(Fault::AnswersOutOfOrder) {
            told.sort_unstable();
        }
        Ok(told)
    }
}

struct With(Fault);

#[async_trait]
impl AccountStoreFixture for With {
    async fn fresh(&self) -> FreshAccountStore {
        FreshAccountStore::new(Arc::new(Faulty {
            fault: self.0,
            kept: MemoryAccountStore::new(),
            more: std::sync::Mutex::default(),
        }))
    }
}

/// The case fails on a store with the fault. That it passes without is shown by `memory_accounts`.
fn catches(case: &str, fault: Fault) {
    assert!(
        ACCOUNT_STORE_CASES.iter().any(|known| known.name == case),
        "{case}"
    );
    let caught = catch_unwind(AssertUnwindSafe(|| check_account_store(&With(fault), case)));
    assert!(caught.is_err(), "{case} does not see that {fault:?}");
}

macro_rules! each_fault_is_caught {
    ($($test:ident: $fault:ident by $case:ident;)*) => {
        $(
            #[test]
            fn $test() {
                catches(stringify!($case), Fault::$fault);
            }
        )*

        #[test]
        fn every_fault_has_a_test() {
            assert_eq!([$(Fault::$fault),*], Fault::ALL);
        }
    };
}

each_fault_is_caught! {
    look_then_register: LooksBeforeItRegisters by one_of_many_gets_a_name;
    names_by_letters: KnowsNamesByTheirLetters by a_name_is_taken_once;
    cut_hashes: CutsHashes by extremes_come_back;
    out_of_order: AnswersOutOfOrder by answers_come_in_the_order_asked;
    forgotten_too_early: ForgetsTooEarly by a_revoked_token_stays_so_until_its_end;
    never_forgotten: ForgetsNothing by what_has_ended_is_forgotten;
}
