/// Makes one named `#[test]` per law of [`RateLimiter`](crate::RateLimiter), each on a fresh one of the fixture.
///
/// The argument is an expression for a [`LimiterFixture`](crate::conformance::LimiterFixture), evaluated in every test.
/// See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! limiter_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__limiter_cases! { __conformance_tests(check_limiter, $fixture) }
    };
}

/// The list of cases: add one here, and it is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __limiter_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            quotas {
                the_limit_is_granted_and_no_more
                a_refused_attempt_costs_nothing
                keys_do_not_affect_each_other
                what_was_granted_comes_back
                attempts_at_once_share_the_limit
                any_attempts_get_the_sliding_windows_permits
                no_stretch_of_a_period_sees_more_than_the_limit
            }
        }
    };
}
