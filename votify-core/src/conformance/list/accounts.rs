/// Makes one named `#[test]` per law of [`AccountStore`](crate::AccountStore), each on a fresh one of the fixture.
///
/// The argument is an expression for an [`AccountStoreFixture`](crate::conformance::AccountStoreFixture), evaluated in every
/// test. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! account_store_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__account_store_cases! { __conformance_tests(check_account_store, $fixture) }
    };
}

/// The list of cases: add one here, and it is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __account_store_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            users {
                nobody_is_there_at_first
                a_user_comes_back_as_registered
                extremes_come_back
                a_name_is_taken_once
                names_that_differ_are_two
                an_id_is_one_user
            }
            races {
                one_of_many_gets_a_name
                different_names_are_in_nobodys_way
                revocations_at_once_all_count
            }
            revocations {
                answers_come_in_the_order_asked
                revoking_again_changes_nothing
                a_revoked_token_stays_so_until_its_end
                what_has_ended_is_forgotten
            }
            lasting {
                what_was_acknowledged_lasts
            }
        }
    };
}
