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
    /// Takes a voter who withdrew a ballot for a new one.
    ForgottenVoters,
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
    /// Schedules an opened poll again if the clock is before its opening time.
    ClockReschedulesPolls,
    /// Ignores the visibility in filters.
    UnlistedPollsListed,
    /// Counts votes of unlisted polls toward trending.
    UnlistedPollsScore,
    /// Trims external references when it compares them.
    TrimmedExternalRefs,
    /// Stores metadata without its spaces.
    ReformattedMetadata,
    /// Reads only the first of several owners.
    OnlyFirstOwner,
    /// Finds query words in the middle of words.
    SearchInsideWords,
    /// Searches the title that the poll was created with.
    StaleWords,
    /// Ignores search words in counts.
    CountIgnoresWords,
    /// Skips polls with the sort key of the cursor.
    CursorSkipsTies,
    /// Returns all polls with the sort key of the cursor again.
    CursorRepeatsTies,
    /// Starts again if the last poll of a page was deleted.
    CursorNeedsItsPoll,
    /// Returns a cursor after every full page.
    NextAfterFullPage,
    /// Returns the outcomes of seals in the order of the ids.
    UnorderedSeals,
    /// Does not seal the polls after one that failed.
    SealStopsAtError,
    /// Checks and stores a join code in two steps.
    UnlockedJoinCodes,
    /// Never frees the join code of a closed poll.
    JoinCodeKeptForever,
    /// Does not free the join code of a deleted poll.
    DeletionKeepsJoinCode,
    /// Decides a seal before it locks the poll.
    UnlockedSeal,
    /// Changes the kind of an owner with every edit.
    ChangeForgetsOwnerKind,
    /// Ignores the visibility in filters with words.
    SearchIgnoresVisibility,
    /// Does not limit the claims of an account.
    UnboundedClaims,
    /// Returns a server time that is not the current one.
    WrongServerTime,
    /// Checks for ballots before it locks the poll that it deletes.
    UnlockedUnusedCheck,
    /// Treats a poll without active ballots as unused.
    UnusedWhenEmpty,
    /// Deletes an unused poll but not its join code.
    UnusedKeepsJoinCode,
    /// Counts the polls of accounts as polls of sessions.
    CountsAccountPolls,
    /// Stores at most 255 bytes of each title word.
    TruncatedWords,
    /// Does not store the log position.
    ForgottenLogPosition,
    /// Stores the log position only with a changed tally.
    LogPositionOfVotesOnly,
    /// Resets the log position with each edit.
    ChangeResetsLogPosition,
    /// Reads the log position before it locks the poll.
    UnlockedLogPosition,
    /// Ignores when a queue accepted a ballot.
    DecidesAtItsClock,
    /// Reports only a voter's active ballot as accepted.
    ReplacedBallotsForgotten,
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
        Self::ForgottenVoters,
        Self::CaseInsensitiveCategories,
        Self::UnreleasedSlots,
        Self::UnlockedUsageRead,
        Self::VoterOrderedStream,
        Self::ClockReschedulesPolls,
        Self::UnlistedPollsListed,
        Self::UnlistedPollsScore,
        Self::TrimmedExternalRefs,
        Self::ReformattedMetadata,
        Self::OnlyFirstOwner,
        Self::SearchInsideWords,
        Self::StaleWords,
        Self::CountIgnoresWords,
        Self::CursorSkipsTies,
        Self::CursorRepeatsTies,
        Self::CursorNeedsItsPoll,
        Self::NextAfterFullPage,
        Self::UnorderedSeals,
        Self::SealStopsAtError,
        Self::UnlockedJoinCodes,
        Self::JoinCodeKeptForever,
        Self::DeletionKeepsJoinCode,
        Self::UnlockedSeal,
        Self::ChangeForgetsOwnerKind,
        Self::SearchIgnoresVisibility,
        Self::UnboundedClaims,
        Self::WrongServerTime,
        Self::UnlockedUnusedCheck,
        Self::UnusedWhenEmpty,
        Self::UnusedKeepsJoinCode,
        Self::CountsAccountPolls,
        Self::TruncatedWords,
        Self::ForgottenLogPosition,
        Self::LogPositionOfVotesOnly,
        Self::ChangeResetsLogPosition,
        Self::UnlockedLogPosition,
        Self::DecidesAtItsClock,
        Self::ReplacedBallotsForgotten,
    ];
}
