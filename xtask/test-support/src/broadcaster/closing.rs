use std::fmt::Debug;
use std::ops::RangeBounds;

use futures_util::StreamExt;
use votify_core::Broadcaster;
use votify_core::broadcast::{BroadcastError, Topic};

use super::{WAIT_LIMIT, next_update, poll, subscribe, tally_update, wait_until};

/// Closes a broadcaster and checks that its streams end, its connections are closed, and
/// its clones return `Unavailable`.
///
/// `connections` counts the broadcaster's connections; `expected` is their number before
/// the close.
///
/// # Panics
/// Panics if one of these does not happen within [`WAIT_LIMIT`].
pub async fn closing_ends_streams_and_clones<B: Broadcaster + Clone>(
    instance: B,
    close: impl AsyncFn(&B),
    mut connections: impl AsyncFnMut() -> usize,
    expected: impl RangeBounds<usize> + Debug,
) {
    let clone = instance.clone();
    let poll = poll();
    let mut deliveries = subscribe(&instance, &poll).await;
    instance.publish(&[tally_update(&poll, 1)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 1));
    let open = connections().await;
    assert!(expected.contains(&open), "{open} in {expected:?}");

    close(&instance).await;
    assert!(deliveries.next().await.is_none());
    // The server may notice a closed connection a moment later.
    wait_until(async || connections().await == 0).await;
    let error = clone.publish(&[tally_update(&poll, 2)]).await.unwrap_err();
    assert!(matches!(error, BroadcastError::Unavailable { .. }));
    let subscribed = clone.subscribe(&Topic::Poll(poll.id)).await;
    assert!(matches!(
        subscribed,
        Err(BroadcastError::Unavailable { .. })
    ));
    // A second close has no effect.
    close(&clone).await;
}

/// Drops all clones of a broadcaster and checks that its streams end with the last one,
/// and its connections are closed.
///
/// # Panics
/// Panics if one of these does not happen within [`WAIT_LIMIT`].
pub async fn dropping_the_last_clone_ends_streams<B: Broadcaster + Clone>(
    instance: B,
    mut connections: impl AsyncFnMut() -> usize,
) {
    let mut deliveries = subscribe(&instance, &poll()).await;
    let clone = instance.clone();
    drop(instance);
    clone.publish(&[]).await.unwrap();
    drop(clone);
    let ended = tokio::time::timeout(WAIT_LIMIT, deliveries.next()).await;
    assert!(ended.unwrap().is_none());
    wait_until(async || connections().await == 0).await;
}
