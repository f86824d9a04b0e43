use futures_util::stream::{self, Stream, TryStreamExt};
use votify_core::PollId;
use votify_core::backend::ChoiceCodec;
use votify_core::ballot::ActiveBallot;

use crate::backend::{Backend, Call};
use crate::decode;
use crate::error::Error;
use crate::field::to_signed;
use crate::retry::retry_transient;
use crate::row_ext::RowExt;
use crate::row_set::Value;
use crate::statement::Statement;

/// The number of ballots that are read at once.
const PAGE: i64 = 1000;

/// The position of a stream of ballots.
struct PageCursor {
    codec: ChoiceCodec,
    /// The revision of the last ballot that was returned.
    after: i64,
    /// The poll's revision at the start of the stream. Later ballots are left out, so
    /// that a voter who replaces a ballot is not returned twice.
    until: i64,
}

/// Streams the active ballots of a poll in the order of their revisions, page by page.
/// Holds no transaction between two pages.
pub(crate) fn ballots<B: Backend>(
    backend: &B,
    poll: PollId,
) -> impl Stream<Item = Result<ActiveBallot, Error>> + Send {
    stream::try_unfold(None, move |cursor: Option<PageCursor>| async move {
        let cursor = match cursor {
            Some(cursor) => Some(cursor),
            None => retry_transient(|| start(backend, poll)).await?,
        };
        let Some(mut cursor) = cursor.filter(|cursor| cursor.after < cursor.until) else {
            return Ok(None);
        };
        let ballots = retry_transient(|| page(backend, poll, &cursor)).await?;
        cursor.after = match ballots.last() {
            Some(last) if i64::try_from(ballots.len()) == Ok(PAGE) => to_signed(last.revision)?,
            _ => cursor.until,
        };
        let ballots = stream::iter(ballots.into_iter().map(Ok));
        Ok::<_, Error>(Some((ballots, Some(cursor))))
    })
    .try_flatten()
}

/// Returns the start of a stream; `None` if the poll does not exist.
async fn start<B: Backend>(backend: &B, poll: PollId) -> Result<Option<PageCursor>, Error> {
    let params = vec![Value::id(poll.as_bytes())];
    let rows = backend
        .run_long_read(Call::Params(Statement::ReadRevision, params))
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(PageCursor {
        codec: decode::choice_codec(poll, row.opt_text(1)?.as_deref())?,
        after: -1,
        until: row.integer(0)?,
    }))
}

async fn page<B: Backend>(
    backend: &B,
    poll: PollId,
    cursor: &PageCursor,
) -> Result<Vec<ActiveBallot>, Error> {
    let params = vec![
        Value::id(poll.as_bytes()),
        Value::Integer(Some(cursor.after)),
        Value::Integer(Some(cursor.until)),
        Value::Integer(Some(PAGE)),
    ];
    let rows = backend
        .run_long_read(Call::Params(Statement::ReadVotePage, params))
        .await?;
    rows.iter()
        .map(|row| decode::vote(poll, &cursor.codec, row, 0))
        .collect()
}
