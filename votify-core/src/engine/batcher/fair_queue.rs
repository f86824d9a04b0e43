use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use crate::id::PollId;

/// A bounded queue with one FIFO for each poll, served in round-robin order.
///
/// Capacity is shared by a dynamic threshold: a poll may queue an item while its FIFO is
/// shorter than the capacity that is left. One hot poll gets half of the capacity, two
/// get a third each, and another poll always finds some.
#[derive(Debug)]
pub(super) struct FairQueue<T> {
    by_poll: HashMap<PollId, VecDeque<T>>,
    /// The polls with queued items, in the order in which they are served.
    round_robin: VecDeque<PollId>,
    len: usize,
    capacity: usize,
}

impl<T> FairQueue<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            by_poll: HashMap::new(),
            round_robin: VecDeque::new(),
            len: 0,
            capacity,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends an item to its poll's FIFO; returns it as an error if the poll has its
    /// share of the capacity already.
    pub(super) fn push(&mut self, poll: PollId, item: T) -> Result<(), T> {
        let left = self.capacity.saturating_sub(self.len);
        match self.by_poll.entry(poll) {
            Entry::Occupied(mut fifo) if fifo.get().len() < left => fifo.get_mut().push_back(item),
            Entry::Vacant(slot) if left > 0 => {
                slot.insert(VecDeque::from([item]));
                self.round_robin.push_back(poll);
            }
            _ => return Err(item),
        }
        self.len += 1;
        Ok(())
    }

    /// Removes and returns up to `max` items: an equal share of each poll, and the rest
    /// of that from polls with more.
    ///
    /// If there are more polls than `max`, the polls left out are the first of the next
    /// batch.
    pub(super) fn pop_batch(&mut self, max: usize) -> Vec<T> {
        let mut batch = Vec::with_capacity(self.len.min(max));
        while batch.len() < max
            && let Some(poll) = self.round_robin.pop_front()
        {
            let polls = self.round_robin.len() + 1;
            let share = (max - batch.len()).div_ceil(polls);
            let Entry::Occupied(mut fifo) = self.by_poll.entry(poll) else {
                continue;
            };
            if fifo.get().len() <= share {
                batch.extend(fifo.remove());
            } else {
                batch.extend(fifo.get_mut().drain(..share));
                self.round_robin.push_back(poll);
            }
        }
        self.len -= batch.len();
        batch
    }

    /// Removes all items.
    pub(super) fn clear(&mut self) {
        self.by_poll.clear();
        self.round_robin.clear();
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOT: PollId = PollId::from_bytes([0xFF; 16]);

    fn quiet(n: u16) -> PollId {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        PollId::from_bytes(bytes)
    }

    /// Pushes items of a poll until one is rejected, and returns how many were queued.
    fn fill(queue: &mut FairQueue<(PollId, usize)>, poll: PollId) -> usize {
        (0..)
            .find(|n| queue.push(poll, (poll, *n)).is_err())
            .unwrap()
    }

    #[test]
    fn hot_polls_leave_capacity_for_others() {
        let mut queue = FairQueue::new(3_000);
        assert_eq!(fill(&mut queue, HOT), 1_500);
        assert_eq!(fill(&mut queue, quiet(0)), 750);
        for n in 1..=500 {
            assert!(queue.push(quiet(n), (quiet(n), 0)).is_ok(), "poll {n}");
        }
        assert!(queue.push(HOT, (HOT, 0)).is_err());
    }

    #[test]
    fn batch_contains_every_poll_and_fills_up_from_the_hot_one() {
        let mut queue = FairQueue::new(20_000);
        fill(&mut queue, HOT);
        for n in 0..1_000 {
            queue.push(quiet(n), (quiet(n), 0)).unwrap();
        }
        let batch = queue.pop_batch(1_500);
        assert_eq!(batch.len(), 1_500);
        for n in 0..1_000 {
            assert!(batch.contains(&(quiet(n), 0)), "poll {n}");
        }
        let hot: Vec<_> = batch.iter().filter(|(poll, _)| *poll == HOT).collect();
        assert!(hot.iter().enumerate().all(|(index, (_, n))| index == *n));
        assert_eq!(queue.pop_batch(1_500).len(), 1_500);
    }

    #[test]
    fn more_polls_than_batch_slots_are_served_in_rotation() {
        let mut queue = FairQueue::new(20_000);
        fill(&mut queue, HOT);
        for n in 0..1_000 {
            queue.push(quiet(n), (quiet(n), 0)).unwrap();
        }
        let mut popped: Vec<_> = (0..11).flat_map(|_| queue.pop_batch(100)).collect();
        popped.retain(|(poll, _)| *poll != HOT);
        assert_eq!(popped.len(), 1_000);
    }

    #[test]
    fn popped_items_free_capacity_and_empty_polls_are_removed() {
        let mut queue = FairQueue::new(10);
        assert_eq!(fill(&mut queue, HOT), 5);
        assert_eq!(queue.pop_batch(3).len(), 3);
        assert_eq!(fill(&mut queue, HOT), 3);
        assert_eq!(queue.pop_batch(100).len(), 5);
        assert!(queue.is_empty() && queue.by_poll.is_empty() && queue.round_robin.is_empty());
    }
}
