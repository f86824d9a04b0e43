//! Polls that close at the same time.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::sleep;
use votify_core::store::PollFilter;
use votify_core::{
    Clock, Keyring, PollDraft, PollId, PollStatus, Store, SystemClock, Timestamp, Visibility,
};

use super::listed_polls::create_all;
use crate::server::Server;

pub(super) const POLLS: u32 = 10_000;
pub(super) const RUNS: usize = 2;
/// The time to create the polls and to start a server, which then finds them.
const PREPARATION: Duration = Duration::from_secs(30);
/// The time between two looks at the unsealed polls, which cost less than 1 ms each.
const RESOLUTION: Duration = Duration::from_millis(20);
/// A longer time fails the figure.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Returns the seconds from the closing time of many polls until all are sealed.
///
/// # Errors
/// If they are not sealed in time.
pub(super) async fn measure(
    store: &dyn Store,
    url: &str,
    program: &Path,
    scratch: &Path,
) -> Result<f64> {
    let (now, keyring) = (SystemClock.now(), Keyring::ephemeral());
    let closes_at = now.saturating_add(PREPARATION);
    let mut polls = Vec::new();
    for _ in 0..POLLS {
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])
            .visibility(Visibility::Public)
            .closes_at(closes_at);
        polls.push(draft.into_poll(PollId::generate(now), now, &keyring)?);
    }
    create_all(store, polls).await?;
    let _server = Server::votify_on(url, program, scratch)?;
    let left = closes_at.saturating_since(SystemClock.now());
    ensure!(
        left > Duration::from_secs(3),
        "too little time is left for the server to find the polls: {left:?}"
    );
    sleep(left).await;
    loop {
        let unsealed = unsealed(store, closes_at).await?;
        let time = SystemClock.now().saturating_since(closes_at);
        if unsealed == 0 {
            return Ok(time.as_secs_f64());
        }
        ensure!(time < TIMEOUT, "{unsealed} polls are not sealed in time");
        sleep(RESOLUTION).await;
    }
}

/// Returns the number of unsealed polls that are due.
async fn unsealed(store: &dyn Store, now: Timestamp) -> Result<u32> {
    let filter = PollFilter {
        status: Some(PollStatus::Closed),
        sealed: Some(false),
        ..PollFilter::all()
    };
    Ok(store.count_polls(&filter, now).await?.total)
}
