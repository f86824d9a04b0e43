/// Generates one named `#[test]` per law of [`InviteStore`](crate::InviteStore).
///
/// The argument is an expression for a
/// [`StoreFixture`](crate::conformance::StoreFixture), evaluated in every
/// test. Each test opens a backend of its own. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! invite_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__invite_cases! { __conformance_tests(check_invites, $fixture) }
    };
}

/// The list of cases. A case listed here is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __invite_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            inviting {
                only_invited_voters_are_invited
                invited_results_follow_argument_order
                repeated_invite_counts_once
                count_is_the_number_of_invited_voters
                invites_beyond_the_bound_invite_no_one
                one_call_invites_ten_thousand
                concurrent_invites_respect_the_bound
                inviting_does_not_change_the_poll
                invites_survive_reopening
            }
            cleanup {
                inviting_to_an_unknown_poll_is_an_error
                deleting_a_poll_deletes_its_invites
                concurrent_deletion_leaves_no_invites
            }
        }
    };
}
