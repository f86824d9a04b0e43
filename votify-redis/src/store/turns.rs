use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use votify_core::PollId;

/// Lets the calls of one process that write to a poll come one after another, so that they do not get into each other's
/// way at the server. It makes nothing right that would be wrong without.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<PollId, Arc<Turn<()>>>>);

/// A call's turn at a poll, until it is dropped.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    turns: &'a Turns,
    poll: PollId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// First come, first served.
    pub(super) async fn take(&self, poll: PollId) -> Taken<'_> {
        // Made first, so that a call that is dropped while it waits leaves nothing behind.
        let mut taken = Taken {
            turns: self,
            poll,
            guard: None,
        };
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(poll).or_default())
        };
        taken.guard = Some(turn.lock_owned().await);
        taken
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut turns = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Clones are made under this lock only.
        if turns
            .get(&self.poll)
            .is_some_and(|turn| Arc::strong_count(turn) == 1)
        {
            turns.remove(&self.poll);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll as Step;

    use super::*;

    #[tokio::test]
    async fn nothing_is_left_of_turns_taken_or_given_up() {
        let (turns, poll) = (Turns::default(), PollId::from_bytes([1; 16]));
        let first = turns.take(poll).await;
        let mut second = Box::pin(turns.take(poll));
        poll_fn(|context| {
            assert!(second.as_mut().poll(context).is_pending());
            Step::Ready(())
        })
        .await;
        drop(second);
        let other = pin!(turns.take(PollId::from_bytes([2; 16]))).await;
        drop((first, other));
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
