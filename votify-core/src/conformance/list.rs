/// Makes one named `#[test]` per law of [`Store`](crate::Store), each on a fresh store of the fixture.
///
/// The argument is an expression for a [`StoreFixture`](crate::conformance::StoreFixture), evaluated in every test. See
/// [`conformance`](crate::conformance).
#[macro_export]
macro_rules! store_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__store_cases! { __store_tests($fixture) }
    };
}

/// The list of cases: add one here, and it is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            casting {
                an_empty_batch_gives_an_empty_receipt
                outcomes_come_in_the_order_of_the_batch
                a_counted_ballot_is_seen_everywhere
                a_second_ballot_needs_revote
                a_revote_replaces
                a_withdrawal_takes_the_vote_back
                a_withdrawal_needs_revote_and_a_vote
                several_options_count_each
                ballots_that_do_not_fit_are_refused
                voters_of_another_policy_are_refused
                ballots_count_from_the_opening_until_the_end
            }
            closing {
                the_owner_closes_at_once
                due_waits_for_the_end
                due_reads_the_end_anew
                a_poll_without_end_is_never_due
                sealing_again_answers_the_same
                a_sealed_poll_never_changes
                past_its_end_a_poll_takes_nothing_even_unsealed
                an_unknown_poll_cannot_be_sealed
            }
        }
    };
}

/// One test per case.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_tests {
    (($fixture:expr) $($family:ident { $($case:ident)* })*) => {
        $($(
            #[test]
            fn $case() {
                $crate::conformance::check_store(&$fixture, stringify!($case));
            }
        )*)*
    };
}

/// The cases as values.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_table {
    (() $($family:ident { $($case:ident)* })*) => {
        &[$($(
            $crate::conformance::StoreCase {
                family: stringify!($family),
                name: stringify!($case),
                run: |fixture| Box::pin($crate::conformance::store::$family::$case(fixture)),
            },
        )*)*]
    };
}
