/// Generates one named `#[test]` per law of [`AccountStore`](crate::AccountStore).
///
/// The argument is an expression for an
/// [`AccountStoreFixture`](crate::conformance::AccountStoreFixture), evaluated in every
/// test. Each test opens a backend of its own. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! account_store_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__account_store_cases! { __conformance_tests(check_account_store, $fixture) }
    };
}

/// The list of cases. A case listed here is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __account_store_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            users {
                unknown_users_are_not_found
                users_are_read_as_registered
                extreme_values_are_read_as_written
                name_is_registered_once
                similar_names_are_distinct
                reused_user_id_is_an_error
            }
            passwords {
                password_change_replaces_hash_and_raises_generation
                outdated_password_change_is_refused
                password_of_an_unknown_user_cannot_be_changed
                highest_generation_cannot_be_raised
                password_change_revokes_earlier_tokens
                tokens_of_unknown_users_are_revoked
            }
            concurrency {
                concurrent_registrations_of_a_name_have_one_winner
                concurrent_registrations_of_different_names_succeed
                concurrent_revocations_are_all_stored
                concurrent_password_changes_have_one_winner
                checks_during_password_changes_are_consistent
            }
            revocations {
                revocation_results_follow_argument_order
                repeated_revocation_changes_nothing
                revoked_token_stays_revoked_until_expiry
                expired_revocations_are_removed
            }
            durability {
                accounts_survive_reopening
            }
        }
    };
}
