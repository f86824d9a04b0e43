use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::futures::OwnedNotified;

use crate::keep_alive::{KeepAlive, KeepAliveListener};

/// Completes once per interval, for what one stream sends periodically. Without a timer,
/// it never completes.
#[derive(Debug, Default)]
pub(super) struct Ticker(Option<Ticks>);

#[derive(Debug)]
struct Ticks {
    listener: KeepAliveListener,
    next: Pin<Box<OwnedNotified>>,
}

impl Ticker {
    pub(super) fn listen(timer: &KeepAlive) -> Self {
        let listener = timer.listen();
        let next = Box::pin(listener.tick());
        Self(Some(Ticks { listener, next }))
    }

    /// Completes at each tick.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(Ticks { listener, next }) = &mut self.0 else {
            return Poll::Pending;
        };
        ready!(next.as_mut().poll(context));
        next.set(listener.tick());
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_ticker_completes_once_per_interval() {
        let interval = Duration::from_secs(20);
        let mut ticker = Ticker::listen(&KeepAlive::new(interval));
        poll_fn(|context| ticker.poll(context)).await;
        for _ in 0..3 {
            let start = Instant::now();
            poll_fn(|context| ticker.poll(context)).await;
            let elapsed = start.elapsed();
            assert!(
                elapsed.abs_diff(interval) <= Duration::from_millis(5),
                "{elapsed:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_timer_a_ticker_never_completes() {
        let mut ticker = Ticker::default();
        let due = poll_fn(|context| ticker.poll(context));
        assert!(timeout(Duration::from_secs(3_600), due).await.is_err());
    }
}
