//! Account stores with one fault each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use votify_core::account::{
    AccountError, AccountStore, IssuedToken, PasswordChange, PasswordHash, Registration,
    Revocation, User, UserId, UserName,
};
use votify_core::conformance::{
    ACCOUNT_STORE_CASES, AccountStoreFixture, Fixture, check_account_store,
};
use votify_core::{MemoryAccountStore, Timestamp};

use crate::assert_detected;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Checks and registers a name in two steps.
    RacyRegistration,
    /// Compares names as written instead of normalized.
    CaseSensitiveNames,
    /// Stores only the beginning of a hash.
    TruncatedHashes,
    /// Returns revocation results in another order than that of the arguments.
    UnorderedResults,
    /// Removes a revocation at the next one.
    EarlyRemoval,
    /// Never removes an expired revocation.
    NoRemoval,
    /// Changes a password without comparing the generation.
    BlindPasswordChange,
    /// Compares the generation and changes the password in two steps.
    RacyPasswordChange,
    /// Raises the generation and keeps the old hash.
    LostPassword,
    /// Does not revoke tokens of lower generations.
    IgnoredGenerations,
    /// Does not revoke tokens of unknown users.
    UnknownUsersAccepted,
}

impl Fault {
    const ALL: [Self; 11] = [
        Self::RacyRegistration,
        Self::CaseSensitiveNames,
        Self::TruncatedHashes,
        Self::UnorderedResults,
        Self::EarlyRemoval,
        Self::NoRemoval,
        Self::BlindPasswordChange,
        Self::RacyPasswordChange,
        Self::LostPassword,
        Self::IgnoredGenerations,
        Self::UnknownUsersAccepted,
    ];
}

#[derive(Debug)]
struct FaultyAccountStore {
    fault: Fault,
    inner: MemoryAccountStore,
    /// Users that the inner store rejects.
    extra_users: Mutex<Vec<User>>,
}

impl FaultyAccountStore {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

#[async_trait]
impl AccountStore for FaultyAccountStore {
    fn backend(&self) -> &'static str {
        "faulty"
    }

    async fn register(&self, user: &User) -> Result<Registration, AccountError> {
        let mut user = user.clone();
        if self.has(Fault::TruncatedHashes) {
            let start: String = user.password.as_str().chars().take(40).collect();
            user.password = PasswordHash::new(start).unwrap();
        }
        if self.has(Fault::RacyRegistration) {
            if self.user_named(&user.name).await?.is_some() {
                return Ok(Registration::NameTaken);
            }
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            if self.inner.register(&user).await? == Registration::NameTaken {
                self.extra_users.lock().unwrap().push(user);
            }
            return Ok(Registration::Registered);
        }
        if self.has(Fault::CaseSensitiveNames) {
            let mut users = self.extra_users.lock().unwrap();
            let taken = users
                .iter()
                .any(|other| other.name.as_str() == user.name.as_str());
            if !taken {
                users.push(user);
            }
            return Ok(if taken {
                Registration::NameTaken
            } else {
                Registration::Registered
            });
        }
        self.inner.register(&user).await
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        if self.has(Fault::CaseSensitiveNames) {
            let users = self.extra_users.lock().unwrap();
            let found = users
                .iter()
                .find(|user| user.name.as_str() == name.as_str());
            return Ok(found.cloned());
        }
        self.inner.user_named(name).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        let extra = self
            .extra_users
            .lock()
            .unwrap()
            .iter()
            .find(|user| user.id == id)
            .cloned();
        match extra {
            Some(user) => Ok(Some(user)),
            None => self.inner.user(id).await,
        }
    }

    async fn change_password(
        &self,
        id: UserId,
        password: &PasswordHash,
        expected_generation: u32,
    ) -> Result<PasswordChange, AccountError> {
        let Some(user) = self.inner.user(id).await? else {
            return Ok(PasswordChange::Outdated);
        };
        let (mut password, mut expected) = (password, expected_generation);
        match self.fault {
            Fault::BlindPasswordChange => expected = user.token_generation,
            Fault::RacyPasswordChange if user.token_generation == expected => {
                tokio::time::sleep(Duration::from_millis(1)).await;
                let user = self.inner.user(id).await?;
                expected = user.map_or(expected, |user| user.token_generation);
            }
            Fault::LostPassword => password = &user.password,
            _ => {}
        }
        self.inner.change_password(id, password, expected).await
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        let now = match self.fault {
            Fault::EarlyRemoval => Timestamp::MAX,
            Fault::NoRemoval => Timestamp::EPOCH,
            _ => now,
        };
        self.inner.revoke(revocation, now).await
    }

    async fn are_revoked(&self, tokens: &[IssuedToken]) -> Result<Vec<bool>, AccountError> {
        let mut tokens = tokens.to_vec();
        if self.has(Fault::IgnoredGenerations) {
            tokens
                .iter_mut()
                .for_each(|token| token.generation = u32::MAX);
        }
        let mut revoked = self.inner.are_revoked(&tokens).await?;
        if self.has(Fault::UnknownUsersAccepted) {
            for (revoked, token) in revoked.iter_mut().zip(&tokens) {
                *revoked &= self.inner.user(token.user).await?.is_some();
            }
        }
        if self.has(Fault::UnorderedResults) {
            revoked.sort_unstable();
        }
        Ok(revoked)
    }
}

struct WithFault(Fault);

#[async_trait]
impl AccountStoreFixture for WithFault {
    async fn fresh(&self) -> Fixture<dyn AccountStore> {
        Fixture::new(Arc::new(FaultyAccountStore {
            fault: self.0,
            inner: MemoryAccountStore::new(),
            extra_users: Mutex::default(),
        }))
    }
}

/// Asserts that the case fails with the fault. The suite on `MemoryAccountStore` shows that
/// it passes without.
fn assert_case_detects(case: &str, fault: Fault) {
    assert!(
        ACCOUNT_STORE_CASES.iter().any(|known| known.name == case),
        "there is no case named {case}"
    );
    assert_detected(case, fault, || check_account_store(&WithFault(fault), case));
}

macro_rules! fault_tests {
    ($($test:ident: $fault:ident by $case:ident;)*) => {
        $(
            #[test]
            fn $test() {
                assert_case_detects(stringify!($case), Fault::$fault);
            }
        )*

        #[test]
        fn every_fault_has_a_test() {
            assert_eq!([$(Fault::$fault),*], Fault::ALL);
        }
    };
}

fault_tests! {
    racy_registration_is_detected:
        RacyRegistration by concurrent_registrations_of_a_name_have_one_winner;
    case_sensitive_names_are_detected: CaseSensitiveNames by name_is_registered_once;
    truncated_hashes_are_detected: TruncatedHashes by extreme_values_are_read_as_written;
    unordered_results_are_detected:
        UnorderedResults by revocation_results_follow_argument_order;
    early_removal_is_detected: EarlyRemoval by revoked_token_stays_revoked_until_expiry;
    missing_removal_is_detected: NoRemoval by expired_revocations_are_removed;
    blind_password_change_is_detected:
        BlindPasswordChange by outdated_password_change_is_refused;
    racy_password_change_is_detected:
        RacyPasswordChange by concurrent_password_changes_have_one_winner;
    lost_password_is_detected:
        LostPassword by password_change_replaces_hash_and_raises_generation;
    ignored_generations_are_detected:
        IgnoredGenerations by password_change_revokes_earlier_tokens;
    accepted_unknown_users_are_detected:
        UnknownUsersAccepted by tokens_of_unknown_users_are_revoked;
}
