/// Generates one named `#[test]` per law of
/// [`BallotQueue`](crate::queue::BallotQueue) and
/// [`QueueConsumer`](crate::queue::QueueConsumer).
///
/// The argument is an expression for a
/// [`QueueFixture`](crate::conformance::QueueFixture), evaluated in every test. Each test
/// opens a queue of its own. See [`conformance`](crate::conformance).
#[macro_export]
macro_rules! queue_conformance {
    ($fixture:expr $(,)?) => {
        $crate::__queue_cases! { __conformance_tests(check_queue, $fixture) }
    };
}

/// The list of cases. A case listed here is part of every suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __queue_cases {
    ($emit:ident $arguments:tt) => {
        $crate::$emit! { $arguments
            producing {
                results_follow_record_order
                records_arrive_unchanged
                polls_keep_their_order
                log_positions_grow_within_a_poll
                concurrent_producers_lose_nothing
                markers_stay_behind_earlier_ballots
            }
            consuming {
                uncommitted_records_are_delivered_again
                committed_records_are_not_delivered_again
                partial_commits_are_respected
                commits_never_move_backwards
                dropped_reads_lose_nothing
                groups_are_independent
                new_group_begins_with_the_oldest_record
                set_aside_records_block_nothing
            }
            sharing {
                consumers_share_the_partitions
                partitions_of_an_ended_consumer_are_taken_over
                rebalances_under_load_lose_nothing
            }
        }
    };
}
