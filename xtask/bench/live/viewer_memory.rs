//! The server's memory per idle viewer.

use std::path::Path;
use std::slice;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::subject::Subject;
use crate::duration::duration;
use crate::report::{Figure, Row, Target, count};
use crate::server::Server;
use crate::watch::ViewerPool;

const VIEWERS: u32 = 10_000;
const RUNS: usize = 2;
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// # Errors
/// If a viewer is rejected.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let (mut votify, mut ratios) = (Vec::new(), Vec::new());
    let (mut with_4_kib, mut with_2_kib) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = Server::votify_in_memory(program, scratch)?;
        let of_votify = memory_per_viewer(&Subject::new_poll(server).await?).await?;
        let of_baseline = memory_per_viewer(&Subject::baseline_with_4_kib(scratch)?).await?;
        with_2_kib.push(memory_per_viewer(&Subject::baseline(scratch)?).await?);
        ratios.push(of_votify / of_baseline);
        votify.push(of_votify);
        with_4_kib.push(of_baseline);
    }
    let rows = vec![
        Row::new("memory per viewer", "KiB", votify),
        Row::new("memory per viewer, baseline room, 4 KiB", "KiB", with_4_kib),
        Row::new("memory per viewer, baseline room, 2 KiB", "KiB", with_2_kib),
        Row::new("relative to the baseline room, 4 KiB", "times", ratios)
            .target(Target::AtMost(2.0))
            .aim(Target::AtMost(1.3)),
    ];
    Ok(Figure {
        name: "viewer-memory",
        about: about(),
        rows,
    })
}

fn about() -> String {
    format!(
        "{} viewers watch one poll over WebSocket, and no vote is cast. The memory is the growth of \
         the resident set of a new server, divided by the number of viewers, {} after the last one \
         connected. One viewer connected and left before. The baseline room is an axum server with \
         one task per viewer and the same allocator, with buffers of 4 KiB, or of 2 KiB like \
         Votify's.",
        count(VIEWERS),
        duration(SETTLE_TIME)
    )
}

/// Returns the memory per viewer of a new server, in KiB.
async fn memory_per_viewer(subject: &Subject) -> Result<f64> {
    let endpoint = slice::from_ref(&subject.endpoint);
    // Warm-up: the first viewer allocates what later ones share.
    drop(ViewerPool::connect(endpoint, 1).await?);
    sleep(SETTLE_TIME).await;
    let before = subject.server.resident_kib()?;
    let mut viewers = ViewerPool::connect(endpoint, usize::try_from(VIEWERS)?).await?;
    sleep(SETTLE_TIME).await;
    let after = subject.server.resident_kib()?;
    viewers.check()?;
    Ok(share_kib(after, before, VIEWERS))
}

/// Returns the growth of the memory per viewer.
pub(super) fn share_kib(after: u32, before: u32, viewers: u32) -> f64 {
    (f64::from(after) - f64::from(before)) / f64::from(viewers)
}

#[cfg(test)]
mod tests {
    use super::share_kib;

    #[test]
    fn growth_is_divided_by_the_viewers() {
        assert_eq!(share_kib(3_000, 1_000, 500), 4.0);
        assert_eq!(share_kib(1_000, 2_000, 500), -2.0);
    }
}
