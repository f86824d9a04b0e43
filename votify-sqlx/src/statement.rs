/// A statement that every database supplies as SQL text.
///
/// The comment of each variant lists its input and its result columns, in order. *Rows*
/// are a [`RowSet`](crate::row_set::RowSet) with any number of rows, *params* are single
/// [`Value`](crate::row_set::Value)s. A statement over rows reads or writes each of them,
/// in their order where it takes locks.
///
/// *poll*, *option*, *voter*, *ballot* and *address* are ids of 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Statement {
    /// Locks polls in ascending order, until the transaction ends.
    ///
    /// Rows: poll. Result: poll, epoch, revision, row token; only polls that exist.
    LockPolls,
    /// Locks the given polls that no other transaction has locked. Does not wait.
    ///
    /// Rows and result: as for `LockPolls`.
    TryLockPolls,
    /// Reads polls with their options and tallies, each of one snapshot.
    ///
    /// Rows: poll. Result: the columns that [`decode::poll`](crate::decode::poll) reads.
    ReadPolls,
    /// Reads the tallies of polls, each of one snapshot.
    ///
    /// Rows: poll. Result: the columns that [`decode::tally`](crate::decode::tally) reads.
    ReadTallies,
    /// Inserts a poll and its tally.
    ///
    /// Params: see [`definition::params`](crate::definition::params). Fails with a unique
    /// violation if the poll exists.
    InsertPoll,
    /// Replaces the definition and the tally of a poll.
    ///
    /// Params: as for `InsertPoll`.
    UpdatePoll,
    /// Inserts options. Rows: poll, ordinal, option, text.
    InsertOptions,
    /// Deletes all options of a poll. Params: poll.
    DeleteOptions,
    /// Rows: poll, word. Fails with a unique violation if the poll has the word.
    InsertTitleWords,
    /// Deletes the words of a poll's title. Params: poll.
    DeleteTitleWords,
    /// Seals locked polls.
    ///
    /// Rows: poll, time of the seal, closing time, version, revision.
    SealPolls,
    /// Deletes a poll and its tally. Params: poll.
    DeletePoll,
    /// Counts the polls that sessions own, up to a maximum.
    ///
    /// Params: maximum. Result: count.
    CountSessionPolls,

    /// Reads the last poll that got a join code. Params: code. Result: poll.
    ReadJoinCode,
    /// Params: code, poll. Fails with a unique violation if a poll got the code before.
    InsertJoinCode,
    /// Gives a join code to another poll. Params: new poll, code, old poll.
    MoveJoinCode,
    /// Deletes the join code of a poll, unless another poll has it by now. Params: poll.
    DeleteJoinCode,

    /// Reads the active ballots of voters, of the given ballots those that are superseded,
    /// and the voters who have superseded ballots only.
    ///
    /// Rows: poll, voter, ballot. Result: poll, voter, ballot, choice, revision, time of
    /// the vote or `NULL` if it is superseded. Of a voter who has superseded ballots only:
    /// poll and voter, the rest `NULL`.
    ReadHistories,
    /// Reads the active ballots of voters of one poll.
    ///
    /// Rows: poll, voter. Result: voter, ballot, choice, revision, time of the vote, the
    /// poll's options as for `ReadPolls`.
    ReadVotes,
    /// Reads the position from which a poll's votes are exported.
    ///
    /// Params: poll. Result: revision, the poll's options as for `ReadPolls`.
    ReadRevision,
    /// Reads a page of a poll's active ballots, in the order of their revisions.
    ///
    /// Params: poll, revision before the page, last revision, maximum number of rows.
    /// Result: voter, ballot, choice, revision, time of the vote.
    ReadVotePage,
    /// Counts the active ballots of a poll by choice.
    ///
    /// Params: poll. Result: choice, count.
    CountChoices,
    /// Inserts active ballots. Fails with a unique violation if a voter has one.
    ///
    /// Rows: poll, voter, ballot, choice, revision, time of the vote.
    InsertVotes,
    /// Replaces the active ballots of voters.
    ///
    /// Rows: as for `InsertVotes`.
    UpdateVotes,
    /// Deletes the active ballots of voters. Rows: poll, voter.
    DeleteVotes,
    /// Inserts superseded ballots. Rows: poll, voter, ballot, choice, revision.
    InsertSuperseded,
    /// Writes the tallies of locked polls.
    ///
    /// Rows: poll, revision, total, counts as a JSON array in the order of the options,
    /// trending score, log position.
    UpdateTallies,
    /// Deletes active ballots of a poll: 10 000 or, on SQLite, all. Params: poll.
    DeleteVotesOfPoll,
    /// Deletes superseded ballots of a poll, as many as `DeleteVotesOfPoll`. Params: poll.
    DeleteSupersededOfPoll,

    /// Reads the addresses of active ballots. Rows: poll, voter. Result: poll, voter,
    /// address.
    ReadVoteAddresses,
    /// Counts the active ballots of addresses.
    ///
    /// Rows: poll, address. Result: poll, address, count; addresses without ballots may
    /// be missing.
    CountVoteAddresses,
    /// Inserts the addresses of active ballots. Fails with a unique violation if a voter
    /// has one.
    ///
    /// Rows: poll, voter, address.
    InsertVoteAddresses,
    /// Deletes the addresses of voters' ballots. Rows: poll, voter.
    DeleteVoteAddresses,
    /// Deletes addresses of a poll, as many as `DeleteVotesOfPoll`. Params: poll.
    DeleteVoteAddressesOfPoll,

    /// Returns which of the given voters are invited. Rows: poll, voter. Result: voter.
    ReadInvites,
    /// Counts the invites of a poll. Params: poll. Result: count.
    CountInvites,
    /// Inserts invites. Fails with a unique violation if a voter is invited already.
    ///
    /// Rows: poll, voter.
    InsertInvites,
    /// Deletes invites of a poll, as many as `DeleteVotesOfPoll`. Params: poll.
    DeleteInvitesOfPoll,

    /// Reads the sessions that accounts claimed. Rows: account. Result: session.
    ReadClaims,
    /// Counts the claims of an account.
    ///
    /// Params: session, account. Result: count, count of claims of the session.
    CountClaims,
    /// Params: account, session. Fails with a unique violation if the claim exists.
    InsertClaim,

    /// Result: the time of the server's clock, or `NULL` if it has none of its own.
    ReadServerTime,

    /// Reads the user with a name.
    ///
    /// Params: the key of the name. Result: id, name, password hash, time of creation,
    /// token generation.
    ReadUserByName,
    /// Reads a user. Params: user id. Result: as for `ReadUserByName`.
    ReadUser,
    /// Inserts a user. Fails with a unique violation if the id or the name is taken.
    ///
    /// Params: id, name, key of the name, password hash, time of creation, token
    /// generation.
    InsertUser,
    /// Replaces the password hash and the token generation of a user who has the expected
    /// generation.
    ///
    /// Params: password hash, new generation, user id, expected generation.
    UpdatePassword,
    /// Inserts a revocation. Fails with a unique violation if the token is revoked.
    ///
    /// Params: token id, expiry.
    InsertRevocation,
    /// Deletes up to 100 revocations that expired. Params: now.
    DeleteExpiredRevocations,
    /// Returns the given tokens that are not revoked and whose user exists, with the token
    /// generation of the user.
    ///
    /// Rows: user id, token id. Result: user id, token id, generation.
    ReadTokens,
}
