/// What a store can get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Decides with histories that it read before it took the lock.
    ReadsBeforeTheLock,
    /// Decides with a poll that it read before it took the lock.
    ChecksTheSealBeforeTheLock,
    /// Takes the revision back with the vote.
    GivesRevisionsBack,
    /// Does not take a replaced ballot out of the counts.
    KeepsReplacedCounts,
    /// Remembers standing ballots only.
    ForgetsSupersededIds,
    /// Answers a refused ballot the same way for ever.
    RemembersRefusals,
    /// Takes one unknown poll for the whole batch's failure.
    AbortsTheWholeBatch,
    /// Puts the tallies of before the batch into the receipt.
    TalliesFromBefore,
    /// Believes whoever says that a poll is due.
    SealsWithoutReadingTheEnd,
    /// Recounts without telling.
    RepairsInTheSameEpoch,
    /// Decides each ballot of a batch as if it were the only one.
    DecidesTheBatchAtOnce,
    /// Fails when somebody else has the lock.
    ShowsConflicts,
    /// Reads a tally's counts and its position one after the other.
    ReadsTalliesInTwoSteps,
    /// Writes a batch ballot by ballot.
    WritesPieceByPiece,
    /// Seals a sealed poll once more.
    SealsAgain,
    /// Takes a poll without standing ballots for one that never had any.
    ThawsWhenEmpty,
    /// Deletes the poll, and not its ballots.
    LeavesBallotsBehind,
    /// Orders what is level in whatever way it comes.
    LeavesTiesOpen,
    /// Compares categories like a database that ignores case.
    FoldsCategories,
    /// Counts a withdrawn ballot's place as taken.
    KeepsFreedPlaces,
    /// Counts places before it took the lock.
    CountsPlacesBeforeTheLock,
    /// Streams ballots in the order of voters.
    StreamsByVoter,
}

impl Fault {
    /// Every fault.
    pub(crate) const ALL: &[Self] = &[
        Self::ReadsBeforeTheLock,
        Self::ChecksTheSealBeforeTheLock,
        Self::GivesRevisionsBack,
        Self::KeepsReplacedCounts,
        Self::ForgetsSupersededIds,
        Self::RemembersRefusals,
        Self::AbortsTheWholeBatch,
        Self::TalliesFromBefore,
        Self::SealsWithoutReadingTheEnd,
        Self::RepairsInTheSameEpoch,
        Self::DecidesTheBatchAtOnce,
        Self::ShowsConflicts,
        Self::ReadsTalliesInTwoSteps,
        Self::WritesPieceByPiece,
        Self::SealsAgain,
        Self::ThawsWhenEmpty,
        Self::LeavesBallotsBehind,
        Self::LeavesTiesOpen,
        Self::FoldsCategories,
        Self::KeepsFreedPlaces,
        Self::CountsPlacesBeforeTheLock,
        Self::StreamsByVoter,
    ];
}
