use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Tracks whether the socket or the keep-alive, and not only a new frame, woke this task.
///
/// A frame wakes thousands of viewers at once. Polling each one's socket then costs as
/// much as sending the frame: a read buffer to clear and a reader to step. So the socket
/// and the keep-alive wake the task through this flag, and are polled only after it was
/// set.
pub(super) struct WakeFlag {
    state: Arc<WakeState>,
    /// Sets the flag and wakes the task.
    waker: Waker,
}

struct WakeState {
    is_set: AtomicBool,
    task: AtomicWaker,
}

impl WakeFlag {
    /// Creates a flag that is set, so that the first poll reaches the source.
    pub(super) fn new() -> Self {
        let state = Arc::new(WakeState {
            is_set: AtomicBool::new(true),
            task: AtomicWaker::new(),
        });
        let waker = Waker::from(Arc::clone(&state));
        Self { state, waker }
    }

    /// Polls a source if the flag was set since the last poll. The source must register
    /// the waker of its context when it returns `Pending`.
    pub(super) fn poll<T>(
        &self,
        context: &mut Context<'_>,
        source: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.state.task.register(context.waker());
        if !self.state.is_set.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let result = source(&mut Context::from_waker(&self.waker));
        if result.is_ready() {
            // The source may have more.
            self.state.is_set.store(true, Ordering::Release);
        }
        result
    }
}

impl Wake for WakeState {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_set.store(true, Ordering::Release);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Counts how often the task is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_source_is_polled_only_after_the_flag_was_set() {
        let (flag, task) = (WakeFlag::new(), Arc::new(Task::default()));
        let waker = Waker::from(Arc::clone(&task));
        let mut context = Context::from_waker(&waker);
        let (mut polls, mut source_waker) = (0, None);
        let mut poll = |result: Poll<u8>| {
            flag.poll(&mut context, |context| {
                polls += 1;
                source_waker = Some(context.waker().clone());
                result
            })
        };
        assert_eq!(poll(Poll::Pending), Poll::Pending, "the first poll");
        assert_eq!(poll(Poll::Ready(1)), Poll::Pending, "the flag is not set");
        source_waker.take().unwrap().wake();
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
        let mut poll = |result: Poll<u8>| {
            flag.poll(&mut context, |_| {
                polls += 1;
                result
            })
        };
        assert_eq!(poll(Poll::Ready(1)), Poll::Ready(1));
        assert_eq!(poll(Poll::Ready(2)), Poll::Ready(2), "the source has more");
        assert_eq!(poll(Poll::Pending), Poll::Pending);
        assert_eq!(poll(Poll::Ready(3)), Poll::Pending);
        assert_eq!(polls, 4);
    }
}
