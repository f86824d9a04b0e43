use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

/// What a connection is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// To go on.
    GoOn,
    /// To finish the request in hand, and take no further one.
    Finish,
    /// To end at once: nothing was asked on it for too long.
    End,
}

/// What a connection and those who watch over all of them know of each other. A request costs its own connection some
/// stores here, and no lock or timer that others share.
#[derive(Debug, Default)]
pub(super) struct Line {
    order: AtomicU8,
    connection: AtomicWaker,
    /// A request has begun, and its answer has not.
    in_hand: AtomicBool,
    /// An answer is being sent that has no known end.
    streams: AtomicBool,
    /// Grows when a request or a stream ends.
    turns: AtomicU64,
    /// The turns at the last look.
    seen: AtomicU64,
    quiet: Notify,
}

impl Line {
    /// What the connection is to do; the task that asks is woken when that changes.
    pub(super) fn order(&self, cx: &Context<'_>) -> Order {
        self.connection.register(cx.waker());
        match self.order.load(Ordering::SeqCst) {
            0 => Order::GoOn,
            1 => Order::Finish,
            _ => Order::End,
        }
    }

    pub(super) fn begin(&self) -> InHand<'_> {
        self.in_hand.store(true, Ordering::SeqCst);
        InHand(self)
    }

    pub(super) fn begin_stream(self: &Arc<Self>) -> Streaming {
        self.streams.store(true, Ordering::Relaxed);
        Streaming(Arc::clone(self))
    }

    fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    fn give(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::SeqCst);
        self.connection.wake();
    }

    /// Ends the connection if it was idle at the last look too, and has been since.
    fn end_if_idle(&self) {
        let turns = self.turns.load(Ordering::Relaxed);
        let is_busy = self.in_hand.load(Ordering::SeqCst) || self.streams.load(Ordering::Relaxed);
        // Ahead by one at first, so that a new connection gets one look for nothing.
        if self.seen.swap(turns + 1, Ordering::Relaxed) == turns + 1 && !is_busy {
            self.give(Order::End);
        }
    }

    async fn finished(&self) {
        self.give(Order::Finish);
        while self.in_hand.load(Ordering::SeqCst) {
            self.quiet.notified().await;
        }
    }
}

/// Held while a request is in hand.
#[derive(Debug)]
pub(super) struct InHand<'a>(&'a Line);

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        let line = self.0;
        line.turn();
        line.in_hand.store(false, Ordering::SeqCst);
        if line.order.load(Ordering::SeqCst) != Order::GoOn as u8 {
            line.quiet.notify_one();
        }
    }
}

/// Held while an answer is sent that has no known end.
#[derive(Debug)]
pub(super) struct Streaming(Arc<Line>);

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.turn();
        self.0.streams.store(false, Ordering::Relaxed);
    }
}

/// The lines of all open connections.
#[derive(Debug, Default)]
pub(super) struct Lines {
    open: Mutex<(u64, HashMap<u64, Arc<Line>>)>,
}

impl Lines {
    pub(super) fn open(self: &Arc<Self>) -> OpenLine {
        let line = Arc::new(Line::default());
        let mut open = self.lock();
        open.0 += 1;
        let number = open.0;
        open.1.insert(number, Arc::clone(&line));
        drop(open);
        OpenLine {
            line,
            number,
            lines: Arc::clone(self),
        }
    }

    /// Every so often, ends the connections on which nothing was asked, or not to its end, since the last time. So one that is idle,
    /// or sends a head byte by byte, is closed after once to twice that time.
    pub(super) async fn end_idle_ones(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            for line in self.all() {
                line.end_if_idle();
            }
        }
    }

    /// Lets every connection finish the request in hand and take no further one. Ends when none is in hand.
    pub(super) async fn finish_requests(&self) {
        let all = self.all();
        for line in &all {
            line.give(Order::Finish);
        }
        for line in all {
            line.finished().await;
        }
    }

    fn all(&self) -> Vec<Arc<Line>> {
        self.lock().1.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, (u64, HashMap<u64, Arc<Line>>)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line of a connection that is open.
#[derive(Debug)]
pub(super) struct OpenLine {
    pub(super) line: Arc<Line>,
    number: u64,
    lines: Arc<Lines>,
}

impl Drop for OpenLine {
    fn drop(&mut self) {
        self.lines.lock().1.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(line: &Line) -> Order {
        line.order(&Context::from_waker(futures_util::task::noop_waker_ref()))
    }

    #[test]
    fn only_a_line_on_which_nothing_happens_between_two_looks_is_ended() {
        let line = Arc::new(Line::default());
        line.end_if_idle();
        let request = line.begin();
        line.end_if_idle();
        line.end_if_idle();
        drop(request);
        line.end_if_idle();
        let stream = line.begin_stream();
        line.end_if_idle();
        line.end_if_idle();
        drop(stream);
        line.end_if_idle();
        assert_eq!(order(&line), Order::GoOn);
        line.end_if_idle();
        assert_eq!(order(&line), Order::End);
    }

    #[tokio::test]
    async fn requests_in_hand_are_waited_for_and_idle_lines_are_not() {
        let lines = Arc::new(Lines::default());
        let (busy, idle, broken) = (lines.open(), lines.open(), lines.open());
        drop(broken);
        let request = busy.line.begin();
        let finishing = tokio::spawn({
            let lines = Arc::clone(&lines);
            async move { lines.finish_requests().await }
        });
        while order(&busy.line) == Order::GoOn {
            tokio::task::yield_now().await;
        }
        assert_eq!(order(&idle.line), Order::Finish);
        assert!(!finishing.is_finished());
        drop(request);
        finishing.await.unwrap();
        drop((busy, idle));
        assert!(lines.all().is_empty());
    }
}
