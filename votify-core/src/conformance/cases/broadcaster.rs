/// Generates one named `#[test]` per law of [`Broadcaster`](crate::Broadcaster).
///
/// The argument is an expression for a
/// [`BroadcasterFixture`](crate::conformance::BroadcasterFixture), evaluated in every
/// test. Each test opens a backend of its own. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! broadcaster_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__broadcaster_cases! { __conformance_tests(check_broadcaster, $fixture) }
    };
}

/// The list of cases. A case listed here is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __broadcaster_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            delivery {
                subscription_is_live_when_it_resolves
                updates_of_every_kind_arrive_unchanged
                largest_poll_arrives_or_lags
                topics_are_isolated
                subscribers_on_every_instance_receive_updates
                no_update_arrives_twice
                earlier_updates_are_not_received
            }
            subscribers {
                slow_subscriber_lags_and_blocks_no_one
                dropped_stream_unsubscribes
                other_subscribers_do_not_affect_a_stream
                lost_connection_is_reported_and_restored
            }
        }
    };
}
