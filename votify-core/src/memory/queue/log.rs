use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::backend::LogRecord;
use crate::queue::{DeliveredRecord, RecordSource};

/// The maximum number of records that are set aside. The oldest are dropped.
const MAX_DEAD: usize = 10_000;

/// The partitions and the groups of a queue in memory.
#[derive(Debug)]
pub(super) struct Log {
    state: Mutex<State>,
    capacity: usize,
    /// Wakes the consumers for new records and for changes of their group.
    pub(super) changed: Notify,
}

#[derive(Debug)]
struct State {
    partitions: Vec<Partition>,
    groups: HashMap<String, Group>,
    records: usize,
    next_member: u64,
    dead: VecDeque<(DeliveredRecord, String)>,
}

#[derive(Debug, Default)]
struct Partition {
    records: VecDeque<LogRecord>,
    /// The log position before the first record that is kept.
    start: u64,
}

impl Partition {
    fn end(&self) -> u64 {
        let kept = u64::try_from(self.records.len()).unwrap_or(u64::MAX);
        self.start.saturating_add(kept)
    }
}

#[derive(Debug, Default)]
struct Group {
    /// Changes whenever a consumer comes or goes.
    generation: u64,
    members: BTreeSet<u64>,
    /// The last committed log position of each partition.
    committed: Vec<u64>,
}

impl Group {
    fn partitions_of(&self, member: u64) -> Vec<usize> {
        let Some(index) = self.members.iter().position(|id| *id == member) else {
            return Vec::new();
        };
        let own = |partition: &usize| partition % self.members.len() == index;
        (0..self.committed.len()).filter(own).collect()
    }
}

/// What a consumer has read in one generation of its group.
#[derive(Debug, Default)]
pub(super) struct Progress {
    generation: u64,
    /// The last delivered log position of each own partition.
    delivered: BTreeMap<usize, u64>,
}

impl Log {
    pub(super) fn new(partitions: u32, capacity: usize) -> Self {
        let state = State {
            partitions: (0..partitions).map(|_| Partition::default()).collect(),
            groups: HashMap::new(),
            records: 0,
            next_member: 0,
            dead: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
            capacity,
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a record to the partition of its poll. Returns false if the log is full.
    pub(super) fn append(&self, record: LogRecord) -> bool {
        let mut state = self.lock();
        if state.records >= self.capacity {
            return false;
        }
        let partitions = state.partitions.len() as u128;
        // Ids of version 7 differ in their last bytes.
        let number = u128::from_be_bytes(*record.poll().as_bytes());
        let index = usize::try_from(number % partitions).unwrap_or(0);
        if let Some(partition) = state.partitions.get_mut(index) {
            partition.records.push_back(record);
            state.records += 1;
        }
        drop(state);
        self.changed.notify_waiters();
        true
    }

    pub(super) fn is_full(&self) -> bool {
        self.lock().records >= self.capacity
    }

    pub(super) fn join(&self, group: &str) -> u64 {
        let mut state = self.lock();
        let member = state.next_member;
        state.next_member += 1;
        let partitions = state.partitions.len();
        let joined = state.groups.entry(group.to_owned()).or_default();
        joined.committed.resize(partitions, 0);
        joined.members.insert(member);
        joined.generation += 1;
        drop(state);
        self.changed.notify_waiters();
        member
    }

    pub(super) fn leave(&self, group: &str, member: u64) {
        let mut state = self.lock();
        if let Some(left) = state.groups.get_mut(group) {
            left.members.remove(&member);
            left.generation += 1;
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Returns up to `max` records after those that were delivered in this generation.
    pub(super) fn read(
        &self,
        group: &str,
        member: u64,
        progress: &mut Progress,
        max: usize,
    ) -> Vec<DeliveredRecord> {
        let state = self.lock();
        let Some(group) = state.groups.get(group) else {
            return Vec::new();
        };
        if progress.generation != group.generation {
            let from_commit = |partition: usize| {
                let committed = group.committed.get(partition).copied().unwrap_or(0);
                (partition, committed)
            };
            progress.delivered = group
                .partitions_of(member)
                .into_iter()
                .map(from_commit)
                .collect();
            progress.generation = group.generation;
        }
        let mut records = Vec::new();
        for (index, delivered) in &mut progress.delivered {
            let Some(partition) = state.partitions.get(*index) else {
                continue;
            };
            let first = delivered.saturating_sub(partition.start);
            let first = usize::try_from(first).unwrap_or(usize::MAX);
            *delivered = (*delivered).max(partition.start);
            for record in partition.records.iter().skip(first) {
                if records.len() == max {
                    return records;
                }
                *delivered += 1;
                records.push(record.clone().deliver(RecordSource {
                    partition: u32::try_from(*index).unwrap_or(u32::MAX),
                    log_position: *delivered,
                }));
            }
        }
        records
    }

    /// Commits log positions, except in partitions that the consumer has lost, and drops
    /// the records that all groups have committed.
    pub(super) fn commit(&self, group: &str, member: u64, ends: &BTreeMap<u32, u64>) {
        let mut state = self.lock();
        let Some(committing) = state.groups.get_mut(group) else {
            return;
        };
        for index in committing.partitions_of(member) {
            let end = u32::try_from(index).ok().and_then(|index| ends.get(&index));
            if let (Some(end), Some(committed)) = (end, committing.committed.get_mut(index)) {
                *committed = (*committed).max(*end);
            }
        }
        let State {
            partitions,
            groups,
            records,
            ..
        } = &mut *state;
        for (index, partition) in partitions.iter_mut().enumerate() {
            let committed = groups.values().map(|group| group.committed.get(index));
            let everywhere = committed.map(|end| end.copied().unwrap_or(0)).min();
            while partition.start < everywhere.unwrap_or(0) {
                if partition.records.pop_front().is_none() {
                    break;
                }
                partition.start += 1;
                *records = records.saturating_sub(1);
            }
        }
    }

    /// Returns the number of records in the consumer's partitions that were not committed.
    pub(super) fn lag(&self, group: &str, member: u64) -> u64 {
        let state = self.lock();
        let Some(group) = state.groups.get(group) else {
            return 0;
        };
        let lag = |index: usize| {
            let end = state.partitions.get(index).map_or(0, Partition::end);
            let committed = group.committed.get(index).copied().unwrap_or(0);
            end.saturating_sub(committed)
        };
        group.partitions_of(member).into_iter().map(lag).sum()
    }

    pub(super) fn set_aside(&self, records: &[DeliveredRecord], reason: &str) {
        let dead = &mut self.lock().dead;
        for record in records {
            if dead.len() == MAX_DEAD {
                dead.pop_front();
            }
            dead.push_back((record.clone(), reason.to_owned()));
        }
    }

    pub(super) fn dead_records(&self) -> Vec<(DeliveredRecord, String)> {
        self.lock().dead.iter().cloned().collect()
    }
}
