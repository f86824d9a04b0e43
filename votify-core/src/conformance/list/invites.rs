/// Makes one named `#[test]` per law of [`InviteStore`](crate::InviteStore), each on a fresh one of the fixture.
///
/// The argument is an expression for an [`InviteFixture`](crate::conformance::InviteFixture), evaluated in every test.
/// See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! invite_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__invite_cases! { __conformance_tests(check_invites, $fixture) }
    };
}

/// The list of cases: add one here, and it is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __invite_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            inviting {
                who_was_invited_is_and_nobody_else
                whether_one_is_invited_is_answered_in_the_order_asked
                inviting_again_changes_nothing
                too_many_invite_nobody
                ten_thousand_are_invited_at_once
                invitations_at_the_same_time_keep_the_bound
                inviting_leaves_the_poll_alone
                invitations_last
            }
            parting {
                nobody_is_invited_to_an_unknown_poll
                a_deleted_poll_takes_its_invitations
                a_deletion_among_invitations_leaves_none
            }
        }
    };
}
