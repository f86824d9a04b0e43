use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

use crate::serve::stall::StallCounter;

/// An instruction to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Continue.
    Continue,
    /// Finish the request in progress, and accept no further one.
    Finish,
    /// Close at once: the connection was idle, or its client accepted nothing, for too
    /// long.
    Close,
}

/// State that a connection shares with the registry. A request costs a few atomic stores
/// here, and no shared lock or timer.
#[derive(Debug, Default)]
pub(super) struct ConnectionState {
    command: AtomicU8,
    waker: AtomicWaker,
    /// True from the start of a request until its response begins.
    request_in_progress: AtomicBool,
    /// True while a response of unknown length is being sent.
    is_streaming: AtomicBool,
    /// Number of requests and streams that ended, and of writes that the client accepted.
    progress: AtomicU64,
    /// `progress` at the last idle check, plus one; 0 before the first check.
    progress_at_check_plus_one: AtomicU64,
    stall: StallCounter,
    request_done: Notify,
}

impl ConnectionState {
    /// Returns the current command, and wakes the calling task when it changes.
    pub(super) fn command(&self, cx: &Context<'_>) -> Command {
        self.waker.register(cx.waker());
        match self.command.load(Ordering::SeqCst) {
            0 => Command::Continue,
            1 => Command::Finish,
            _ => Command::Close,
        }
    }

    pub(super) fn begin_request(&self) -> RequestGuard<'_> {
        self.request_in_progress.store(true, Ordering::SeqCst);
        RequestGuard(self)
    }

    pub(super) fn begin_stream(self: &Arc<Self>) -> StreamGuard {
        self.is_streaming.store(true, Ordering::Relaxed);
        StreamGuard(Arc::clone(self))
    }

    pub(super) fn is_streaming(&self) -> bool {
        self.is_streaming.load(Ordering::Relaxed)
    }

    fn record_progress(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }

    fn send(&self, command: Command) {
        self.command.fetch_max(command as u8, Ordering::SeqCst);
        self.waker.wake();
    }

    /// Closes the connection if it was idle at the last check and since.
    fn close_if_idle(&self) {
        let progress = self.progress.load(Ordering::Relaxed);
        let is_busy = self.request_in_progress.load(Ordering::SeqCst) || self.is_streaming();
        // A new connection has 0 here, so that its first check never closes it.
        let previous = self
            .progress_at_check_plus_one
            .swap(progress + 1, Ordering::Relaxed);
        if previous == progress + 1 && !is_busy {
            self.send(Command::Close);
        }
    }

    /// Records whether the client's socket accepted bytes.
    pub(super) fn record_write(&self, accepted: bool) {
        if accepted {
            self.record_progress();
        }
        self.stall.record_write(accepted);
    }

    /// Returns true if the last write waits until the client accepts bytes.
    pub(super) fn is_write_waiting(&self) -> bool {
        self.stall.is_waiting()
    }

    fn close_if_stalled(&self) {
        if self.stall.check() {
            self.send(Command::Close);
        }
    }

    async fn finish_request(&self) {
        self.send(Command::Finish);
        while self.request_in_progress.load(Ordering::SeqCst) {
            self.request_done.notified().await;
        }
    }
}

/// Marks a request as in progress until it is dropped.
#[derive(Debug)]
pub(super) struct RequestGuard<'a>(&'a ConnectionState);

impl Drop for RequestGuard<'_> {
    fn drop(&mut self) {
        let state = self.0;
        state.record_progress();
        state.request_in_progress.store(false, Ordering::SeqCst);
        if state.command.load(Ordering::SeqCst) != Command::Continue as u8 {
            state.request_done.notify_one();
        }
    }
}

/// Marks a connection as streaming until it is dropped.
#[derive(Debug)]
pub(super) struct StreamGuard(Arc<ConnectionState>);

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.record_progress();
        self.0.is_streaming.store(false, Ordering::Relaxed);
    }
}

/// The state of every open connection.
#[derive(Debug, Default)]
pub(super) struct ConnectionRegistry {
    open: Mutex<(u64, HashMap<u64, Arc<ConnectionState>>)>,
}

impl ConnectionRegistry {
    pub(super) fn register(self: &Arc<Self>) -> ConnectionGuard {
        let state = Arc::new(ConnectionState::default());
        let mut open = self.lock();
        open.0 += 1;
        let number = open.0;
        open.1.insert(number, Arc::clone(&state));
        drop(open);
        ConnectionGuard {
            state,
            number,
            registry: Arc::clone(self),
        }
    }

    /// Closes, at every interval, the connections that completed no request and whose
    /// clients accepted no bytes since the last check. A connection that is idle, or
    /// sends a head byte by byte, is closed after one to two intervals.
    pub(super) async fn close_idle(&self, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            for state in self.all() {
                state.close_if_idle();
            }
        }
    }

    /// Closes, at every interval, the connections whose clients have accepted nothing for
    /// [`MAX_CHECKS`](super::stall::MAX_CHECKS) checks although there are bytes to send.
    /// An idle stream has none.
    pub(super) async fn close_stalled(&self, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            for state in self.all() {
                state.close_if_stalled();
            }
        }
    }

    /// Lets every connection finish its request and accept no further one. Returns when
    /// no request is in progress.
    pub(super) async fn finish_requests(&self) {
        let all = self.all();
        for state in &all {
            state.send(Command::Finish);
        }
        for state in all {
            state.finish_request().await;
        }
    }

    fn all(&self) -> Vec<Arc<ConnectionState>> {
        self.lock().1.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, (u64, HashMap<u64, Arc<ConnectionState>>)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Registers an open connection until it is dropped.
#[derive(Debug)]
pub(super) struct ConnectionGuard {
    pub(super) state: Arc<ConnectionState>,
    number: u64,
    registry: Arc<ConnectionRegistry>,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.registry.lock().1.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(state: &ConnectionState) -> Command {
        state.command(&Context::from_waker(futures_util::task::noop_waker_ref()))
    }

    #[test]
    fn a_connection_idle_for_two_checks_is_closed() {
        let state = Arc::new(ConnectionState::default());
        state.close_if_idle();
        let request = state.begin_request();
        state.close_if_idle();
        state.close_if_idle();
        drop(request);
        state.close_if_idle();
        let stream = state.begin_stream();
        state.close_if_idle();
        state.close_if_idle();
        drop(stream);
        state.close_if_idle();
        assert_eq!(command(&state), Command::Continue);
        state.close_if_idle();
        assert_eq!(command(&state), Command::Close);
    }

    #[tokio::test]
    async fn finishing_waits_for_requests_but_not_for_idle_connections() {
        let registry = Arc::new(ConnectionRegistry::default());
        let (busy, idle, broken) = (
            registry.register(),
            registry.register(),
            registry.register(),
        );
        drop(broken);
        let request = busy.state.begin_request();
        let finishing = tokio::spawn({
            let registry = Arc::clone(&registry);
            async move { registry.finish_requests().await }
        });
        while command(&busy.state) == Command::Continue {
            tokio::task::yield_now().await;
        }
        assert_eq!(command(&idle.state), Command::Finish);
        assert!(!finishing.is_finished());
        drop(request);
        finishing.await.unwrap();
        drop((busy, idle));
        assert!(registry.all().is_empty());
    }
}
