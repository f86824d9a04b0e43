//! Two instances on one server.

use std::time::Duration;

use votify_test_support::races::closing::{CLOCK_OFFSET, final_tallies_contain_acknowledged_votes};
use votify_test_support::races::opposite_orders::batches_never_deadlock;
use votify_test_support::races::two_ballots::one_of_two_ballots_counts;

use crate::harness::{ServerKind, open_instances};

async fn close_polls(kind: ServerKind, rounds: u64) {
    if let Some(instances) = open_instances(kind, CLOCK_OFFSET).await {
        final_tallies_contain_acknowledged_votes(&instances, rounds).await;
    }
}

async fn cast_in_opposite_orders(kind: ServerKind, seconds: u64, min_batches: usize) {
    if let Some(instances) = open_instances(kind, Duration::ZERO).await {
        batches_never_deadlock(&instances, Duration::from_secs(seconds), min_batches).await;
    }
}

async fn cast_two_ballots(kind: ServerKind) {
    if let Some(instances) = open_instances(kind, Duration::ZERO).await {
        one_of_two_ballots_counts(&instances).await;
    }
}

mod final_tallies_contain_acknowledged_votes_of_10_polls {
    on_each_server!(super::close_polls, 10);
}

mod batches_in_opposite_orders_never_deadlock_for_3_s {
    on_each_server!(super::cast_in_opposite_orders, 3, 1);
}

mod one_of_two_concurrent_ballots_counts {
    on_each_server!(super::cast_two_ballots);
}

mod endurance {
    mod final_tallies_contain_acknowledged_votes_of_100_polls {
        on_each_server!(super::super::close_polls, 100);
    }

    mod batches_in_opposite_orders_never_deadlock_for_60_s {
        on_each_server!(super::super::cast_in_opposite_orders, 60, 11);
    }
}
