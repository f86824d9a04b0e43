/// Makes one named `#[test]` per law of [`Broadcaster`](crate::Broadcaster), each on a fresh one of the fixture.
///
/// The argument is an expression for a [`BroadcasterFixture`](crate::conformance::BroadcasterFixture), evaluated in every
/// test. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! broadcaster_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__broadcaster_cases! { __conformance_tests(check_broadcaster, $fixture) }
    };
}

/// The list of cases: add one here, and it is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __broadcaster_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            delivery {
                a_subscription_is_live_at_once
                every_kind_of_update_arrives_as_it_was
                the_largest_poll_arrives_or_is_missed
                topics_are_isolated
                every_listener_hears_on_every_node
                nothing_arrives_twice
                nothing_of_before_is_heard
            }
            listeners {
                a_slow_reader_misses_and_blocks_nobody
                dropping_the_stream_unsubscribes
                listeners_come_and_go_unnoticed
                a_lost_connection_is_told_and_mended
            }
        }
    };
}
