use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Tells a viewer's task whether anything but a frame woke it.
///
/// A frame comes to thousands of viewers at once, and to look at each one's socket on the way (a read buffer to clear, a reader to
/// step) costs as much as sending it. So the socket and the beat wake the task through this bell, and are looked at only
/// after it rang.
pub(super) struct Bell {
    ringing: Arc<Ringing>,
    /// The same as what wakes.
    waker: Waker,
}

struct Ringing {
    rang: AtomicBool,
    task: AtomicWaker,
}

impl Bell {
    /// One that rings from the start, so that what it stands for is looked at once.
    pub(super) fn new() -> Self {
        let ringing = Arc::new(Ringing {
            rang: AtomicBool::new(true),
            task: AtomicWaker::new(),
        });
        let waker = Waker::from(Arc::clone(&ringing));
        Self { ringing, waker }
    }

    /// Looks for what the bell stands for if it rang since the last look; `look` must have this bell woken by whatever it finds
    /// pending.
    pub(super) fn poll<T>(
        &self,
        context: &mut Context<'_>,
        look: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.ringing.task.register(context.waker());
        if !self.ringing.rang.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let found = look(&mut Context::from_waker(&self.waker));
        if found.is_ready() {
            // There may be more behind it.
            self.ringing.rang.store(true, Ordering::Release);
        }
        found
    }

    /// The same for a future that is pinned somewhere.
    pub(super) fn poll_future<F: Future>(
        &self,
        context: &mut Context<'_>,
        future: Pin<&mut F>,
    ) -> Poll<F::Output> {
        self.poll(context, |context| future.poll(context))
    }
}

impl Wake for Ringing {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Ordering::Release);
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
    fn it_is_looked_only_after_it_rang() {
        let (bell, task) = (Bell::new(), Arc::new(Task::default()));
        let waker = Waker::from(Arc::clone(&task));
        let mut context = Context::from_waker(&waker);
        let (mut looks, mut source) = (0, None);
        let mut look = |found: Poll<u8>| {
            bell.poll(&mut context, |context| {
                looks += 1;
                source = Some(context.waker().clone());
                found
            })
        };
        assert_eq!(look(Poll::Pending), Poll::Pending, "the first look");
        assert_eq!(look(Poll::Ready(1)), Poll::Pending, "nothing rang");
        source.take().unwrap().wake();
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
        let mut look = |found: Poll<u8>| {
            bell.poll(&mut context, |_| {
                looks += 1;
                found
            })
        };
        assert_eq!(look(Poll::Ready(1)), Poll::Ready(1));
        assert_eq!(look(Poll::Ready(2)), Poll::Ready(2), "there may be more");
        assert_eq!(look(Poll::Pending), Poll::Pending);
        assert_eq!(look(Poll::Ready(3)), Poll::Pending);
        assert_eq!(looks, 4);
    }
}
