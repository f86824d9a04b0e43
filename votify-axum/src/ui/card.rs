//! The picture of a poll and its result, which other sites show beside a link.

mod accent;
mod arabic;
mod cache;
mod canvas;
mod content;
mod drawing;
mod font;
mod text;

pub(crate) use cache::CardCache;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use votify_core::Caller;
use votify_core::engine::PollSnapshot;

use self::content::CardContent;
use super::headers::hide_unlisted;
use super::theme::Theme;
use crate::error::Problem;
use crate::extract::path::PollPath;
use crate::extract::permitted::{Permitted, View};
use crate::routes::etag::{self, etag};
use crate::state::AppState;

/// Returns the picture as PNG. It shows what everybody may see: never the counts that only
/// voters see.
pub(super) async fn show(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    _: Permitted<View>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = state.engine.poll(id, &Caller::anonymous()).await?;
    let theme = state.config.theme.clone().unwrap_or_default();
    let tag = tag(&snapshot, &theme);
    let is_known = tag.as_ref().is_some_and(|tag| etag::matches(&headers, tag));
    let mut response = match &tag {
        Some(_) if is_known => StatusCode::NOT_MODIFIED.into_response(),
        Some(tag) => {
            let content = || CardContent::new(&snapshot, &theme, state.engine.now());
            let png = state.cards.get(id, tag, content).await?;
            ([(header::CONTENT_TYPE, "image/png")], png).into_response()
        }
        None => return Err(Problem::internal(&"the tag of a card is no header value")),
    };
    let headers = response.headers_mut();
    headers.extend(tag.map(|tag| (header::ETAG, tag)));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    hide_unlisted(headers, &snapshot.poll);
    Ok(response)
}

/// Returns the tag of a picture: the position and status of the poll, and the theme.
fn tag(snapshot: &PollSnapshot, theme: &Theme) -> Option<HeaderValue> {
    let look = format!("{}\n{:?}", theme.site_title(), accent::of(theme));
    let look = blake3::hash(look.as_bytes()).to_hex();
    etag(snapshot, &format!("-card-{}", &look[..8]))
}
