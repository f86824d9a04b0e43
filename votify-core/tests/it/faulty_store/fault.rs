/// A violation of one law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Reads voter histories before it locks the poll.
    UnlockedHistoryRead,
    /// Checks the seal before it locks the poll.
    UnlockedSealCheck,
    /// Decrements the revision when a ballot is withdrawn.
    ReusedRevision,
    /// Does not subtract a replaced ballot from the counts.
    ReplacedBallotCounted,
    /// Does not read superseded ballots.
    NoSupersededIds,
    /// Records a refusal and repeats it for the same ballot.
    RecordedRefusals,
    /// Refuses the whole batch if one of its polls is unknown.
    UnknownPollAbortsBatch,
    /// Returns the tallies from before the batch in the receipt.
    StaleReceiptTallies,
    /// Seals without checking the closing time.
    UncheckedDeadline,
    /// Does not raise the epoch on repair.
    RepairKeepsEpoch,
    /// Evaluates each ballot of a batch against the state before the batch.
    IndependentBallots,
    /// Fails if another caller has the lock.
    ExposedConflict,
    /// Reads a tally's counts and its position in two steps.
    TornTally,
    /// Writes each ballot of a batch separately.
    PartialBatch,
    /// Seals a sealed poll again.
    RepeatedSeal,
    /// Treats a poll without active ballots as one that never had any.
    RulesThawWhenEmpty,
    /// Deletes the poll but not its ballots.
    OrphanedBallots,
    /// Does not order polls that compare equal.
    UnorderedTies,
    /// Ignores case when it compares categories.
    CaseInsensitiveCategories,
    /// Does not release the quota slot of a withdrawn ballot.
    UnreleasedSlots,
    /// Reads address usage before it locks the poll.
    UnlockedUsageRead,
    /// Streams ballots in the order of voters.
    VoterOrderedStream,
}

impl Fault {
    pub(crate) const ALL: &[Self] = &[
        Self::UnlockedHistoryRead,
        Self::UnlockedSealCheck,
        Self::ReusedRevision,
        Self::ReplacedBallotCounted,
        Self::NoSupersededIds,
        Self::RecordedRefusals,
        Self::UnknownPollAbortsBatch,
        Self::StaleReceiptTallies,
        Self::UncheckedDeadline,
        Self::RepairKeepsEpoch,
        Self::IndependentBallots,
        Self::ExposedConflict,
        Self::TornTally,
        Self::PartialBatch,
        Self::RepeatedSeal,
        Self::RulesThawWhenEmpty,
        Self::OrphanedBallots,
        Self::UnorderedTies,
        Self::CaseInsensitiveCategories,
        Self::UnreleasedSlots,
        Self::UnlockedUsageRead,
        Self::VoterOrderedStream,
    ];
}
