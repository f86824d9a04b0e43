use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use crate::id::PollId;

/// What waits for one writer: a line for each poll, in which it is first come, first served.
///
/// Room is shared by a dynamic threshold: a line may grow while it is shorter than the room that is left. So one hot poll gets
/// half of the room, two get a third each, and whoever comes next always finds some.
#[derive(Debug)]
pub(super) struct Lines<T> {
    lines: HashMap<PollId, VecDeque<T>>,
    /// The polls with a line, the one whose turn is next first.
    turns: VecDeque<PollId>,
    waiting: usize,
    room: usize,
}

impl<T> Lines<T> {
    pub(super) fn new(room: usize) -> Self {
        Self {
            lines: HashMap::new(),
            turns: VecDeque::new(),
            waiting: 0,
            room,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Puts `one` at the end of its poll's line, unless that has its share of the room already.
    pub(super) fn push(&mut self, poll: PollId, one: T) -> Result<(), T> {
        let left = self.room.saturating_sub(self.waiting);
        match self.lines.entry(poll) {
            Entry::Occupied(mut line) if line.get().len() < left => line.get_mut().push_back(one),
            Entry::Vacant(line) if left > 0 => {
                line.insert(VecDeque::from([one]));
                self.turns.push_back(poll);
            }
            _ => return Err(one),
        }
        self.waiting += 1;
        Ok(())
    }

    /// Takes up to `most`, every poll its share in turn; what some do not need goes to the others.
    ///
    /// Polls that were left out, because there are more of them than places, are the first ones next time.
    pub(super) fn take(&mut self, most: usize) -> Vec<T> {
        let mut taken = Vec::with_capacity(self.waiting.min(most));
        while taken.len() < most
            && let Some(poll) = self.turns.pop_front()
        {
            let polls = self.turns.len() + 1;
            let share = (most - taken.len()).div_ceil(polls);
            let Entry::Occupied(mut line) = self.lines.entry(poll) else {
                continue;
            };
            if line.get().len() <= share {
                taken.extend(line.remove());
            } else {
                taken.extend(line.get_mut().drain(..share));
                self.turns.push_back(poll);
            }
        }
        self.waiting -= taken.len();
        taken
    }

    /// Takes everything.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.turns.clear();
        self.waiting = 0;
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

    /// Pushes until turned away; how many went in.
    fn flood(lines: &mut Lines<(PollId, usize)>, poll: PollId) -> usize {
        (0..)
            .find(|n| lines.push(poll, (poll, *n)).is_err())
            .unwrap()
    }

    #[test]
    fn hot_polls_leave_room_for_the_others() {
        let mut lines = Lines::new(3_000);
        assert_eq!(flood(&mut lines, HOT), 1_500);
        assert_eq!(flood(&mut lines, quiet(0)), 750);
        for n in 1..=500 {
            assert!(lines.push(quiet(n), (quiet(n), 0)).is_ok(), "{n}");
        }
        assert!(lines.push(HOT, (HOT, 0)).is_err());
    }

    #[test]
    fn every_poll_is_in_the_next_batch_and_a_hot_one_gets_what_is_left_of_it() {
        let mut lines = Lines::new(20_000);
        flood(&mut lines, HOT);
        for n in 0..1_000 {
            lines.push(quiet(n), (quiet(n), 0)).unwrap();
        }
        let batch = lines.take(1_500);
        assert_eq!(batch.len(), 1_500);
        for n in 0..1_000 {
            assert!(batch.contains(&(quiet(n), 0)), "{n}");
        }
        let hot: Vec<_> = batch.iter().filter(|(poll, _)| *poll == HOT).collect();
        assert!(hot.iter().enumerate().all(|(at, (_, n))| at == *n));
        assert_eq!(lines.take(1_500).len(), 1_500);
    }

    #[test]
    fn with_more_polls_than_places_all_have_their_turn() {
        let mut lines = Lines::new(20_000);
        flood(&mut lines, HOT);
        for n in 0..1_000 {
            lines.push(quiet(n), (quiet(n), 0)).unwrap();
        }
        let mut seen: Vec<_> = (0..11).flat_map(|_| lines.take(100)).collect();
        seen.retain(|(poll, _)| *poll != HOT);
        assert_eq!(seen.len(), 1_000);
    }

    #[test]
    fn what_was_taken_makes_room_and_nothing_is_kept_of_a_poll_without_a_line() {
        let mut lines = Lines::new(10);
        assert_eq!(flood(&mut lines, HOT), 5);
        assert_eq!(lines.take(3).len(), 3);
        assert_eq!(flood(&mut lines, HOT), 3);
        assert_eq!(lines.take(100).len(), 5);
        assert!(lines.is_empty() && lines.lines.is_empty() && lines.turns.is_empty());
    }
}
