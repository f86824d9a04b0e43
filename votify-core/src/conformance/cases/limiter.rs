/// Generates one named `#[test]` per law of [`RateLimiter`](crate::RateLimiter).
///
/// The argument is an expression for a
/// [`LimiterFixture`](crate::conformance::LimiterFixture), evaluated in every
/// test. Each test opens a backend of its own. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! limiter_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__limiter_cases! { __conformance_tests(check_limiter, $fixture) }
    };
}

/// The list of cases. A case listed here is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __limiter_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            rates {
                exactly_the_limit_is_granted
                rejected_attempts_are_not_counted
                keys_are_independent
                limit_is_restored_after_two_periods
                concurrent_attempts_share_the_limit
                permits_equal_those_of_the_sliding_window
                no_period_exceeds_the_limit
            }
            costs {
                attempts_take_their_cost
                rejected_costs_are_free
                costs_above_the_limit_are_rejected
                largest_limit_is_granted
                concurrent_costs_share_the_limit
            }
            clock {
                time_of_day_changes_no_decision
                instances_share_the_clock
            }
        }
    };
}
