use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::contender::Contender;
use crate::report::{Figure, Row, Target};
use crate::server::Server;
use crate::watch::{Carrier, Crowd};

const VIEWERS: u32 = 10_000;
const RUNS: usize = 2;
const SETTLE: Duration = Duration::from_secs(3);

/// # Errors
/// If a viewer is turned away.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let (mut votify, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = Server::votify_in_memory(program, scratch)?;
        let real = of_each(&Contender::on(server, Carrier::WebSocket).await?, VIEWERS).await?;
        let least = of_each(&Contender::bare(Carrier::WebSocket, scratch)?, VIEWERS).await?;
        ratios.push(real / least);
        votify.push(real);
        bare.push(least);
    }
    let about = format!(
        "{VIEWERS} viewers watch one poll over WebSocket, and nothing happens. The memory is what the resident set of a new server \
         grew by, shared by the viewers, {SETTLE:?} after the last of them came; one had come and gone before. The bare room is a \
         task for each viewer in axum, with buffers as large as Votify's and the same allocator."
    );
    let rows = vec![
        Row::new("memory of an idle viewer", "KiB", votify),
        Row::new("the same in the bare room", "KiB", bare),
        Row::new("of the bare room", "times", ratios)
            .target(Target::AtMost(2.0))
            .aim(Target::AtMost(1.3)),
    ];
    Ok(Figure {
        name: "viewer-memory",
        about,
        rows,
    })
}

/// What each of so many viewers takes of a new server's memory, in KiB.
pub(super) async fn of_each(contender: &Contender, viewers: u32) -> Result<f64> {
    let door = std::slice::from_ref(contender.door());
    // Whatever is made for the first viewer is not the others' cost.
    drop(Crowd::gather(door, 1).await?);
    sleep(SETTLE).await;
    let before = contender.server.resident_kib()?;
    let mut crowd = Crowd::gather(door, usize::try_from(viewers)?).await?;
    sleep(SETTLE).await;
    let after = contender.server.resident_kib()?;
    crowd.check()?;
    Ok(share(after, before, viewers))
}

/// What a viewer's part of a growth in memory is.
pub(super) fn share(now: u32, before: u32, viewers: u32) -> f64 {
    (f64::from(now) - f64::from(before)) / f64::from(viewers)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_growth_is_shared() {
        assert_eq!(share(3_000, 1_000, 500), 4.0);
        assert_eq!(share(1_000, 2_000, 500), -2.0);
    }
}
