//! The rendered pictures, and the workers that render them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use votify_core::PollId;

use super::content::CardContent;
use super::drawing::draw;
use crate::error::{ErrorCode, Problem, retry_later};

/// Maximum number of pictures that are rendered at the same time. One takes about 20 ms of
/// a core, and voters come first.
const WORKERS: usize = 1;
/// Maximum time to wait for a worker.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// Maximum bytes of all pictures. One has about 65 KiB.
const MAX_BYTES: u64 = 8 << 20;
/// The number of pictures for which the cache is laid out.
const EXPECTED_CARDS: usize = 128;

/// The newest picture of each poll that was asked for lately.
pub(crate) struct CardCache {
    cards: Cache<PollId, Arc<Card>, ByBytes>,
    workers: Arc<Semaphore>,
}

#[derive(Debug)]
struct Card {
    tag: HeaderValue,
    png: Bytes,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<PollId, Arc<Card>> for ByBytes {
    fn weight(&self, _: &PollId, card: &Arc<Card>) -> u64 {
        // The key, the tag and the bookkeeping take about 256 bytes.
        256 + u64::try_from(card.png.len()).unwrap_or(u64::MAX)
    }
}

impl Default for CardCache {
    fn default() -> Self {
        Self {
            cards: Cache::with_weighter(EXPECTED_CARDS, MAX_BYTES, ByBytes),
            workers: Arc::new(Semaphore::new(WORKERS)),
        }
    }
}

impl CardCache {
    /// Returns the picture with this tag, and renders it if it is not stored.
    ///
    /// # Errors
    /// - `overloaded`: no worker was free in time; retry after `retry_after`.
    /// - `internal`: the picture cannot be rendered.
    pub(super) async fn get(
        &self,
        poll: PollId,
        tag: &HeaderValue,
        content: impl FnOnce() -> CardContent,
    ) -> Result<Bytes, Problem> {
        if let Some(png) = self.stored(poll, tag) {
            return Ok(png);
        }
        let worker = timeout(MAX_WAIT, Arc::clone(&self.workers).acquire_owned()).await;
        let Ok(Ok(worker)) = worker else {
            return Err(retry_later(ErrorCode::Overloaded)
                .with_detail("too many pictures of polls are being drawn"));
        };
        // Another request may have rendered it meanwhile.
        if let Some(png) = self.stored(poll, tag) {
            return Ok(png);
        }
        let content = content();
        let rendered = tokio::task::spawn_blocking(move || {
            // Held until the picture is done, also if the request was canceled.
            let _worker = worker;
            draw(&content).to_png()
        });
        let png = rendered
            .await
            .map_err(|error| Problem::internal(&error))?
            .map_err(|error| Problem::internal(&error))?;
        let card = Card {
            tag: tag.clone(),
            png: png.into(),
        };
        let png = card.png.clone();
        self.cards.insert(poll, Arc::new(card));
        Ok(png)
    }

    fn stored(&self, poll: PollId, tag: &HeaderValue) -> Option<Bytes> {
        let card = self.cards.get(&poll)?;
        (card.tag == *tag).then(|| card.png.clone())
    }
}

impl fmt::Debug for CardCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardCache")
            .field("cards", &self.cards.len())
            .finish_non_exhaustive()
    }
}
