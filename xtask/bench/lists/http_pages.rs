//! Lists over HTTP: latencies of one client, and the rate of many.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::listed_polls::{LAST_PAGE_OFFSET, ListedPolls, POLLS, title};
use super::store_pages::{SAMPLES, median, milliseconds_since};
use crate::http::{Connection, Request};
use crate::load::per_second;
use crate::server::Server;

/// The limits of requests vary among as many around the default, so that a page is not
/// asked for again while it is shared: a second.
const LIMITS: u32 = 19;
const BETWEEN_SAMPLES: Duration = Duration::from_millis(60);

/// Median latencies of a run, in milliseconds.
#[derive(Debug)]
pub(super) struct HttpLatencies {
    pub(super) first_page: f64,
    pub(super) trending: f64,
    pub(super) search: f64,
    pub(super) last_page: f64,
}

#[derive(Deserialize)]
struct Body {
    polls: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: Uuid,
}

/// Reads lists one after the other over one connection.
///
/// # Errors
/// If a response is not 200, or has other polls than expected.
pub(super) async fn measure(server: &Server, polls: &ListedPolls) -> Result<HttpLatencies> {
    let mut connection = Connection::open(server.address).await?;
    let cursor = polls.cursor(LAST_PAGE_OFFSET)?;
    let mut ticks = interval(BETWEEN_SAMPLES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times: [Vec<f64>; 4] = Default::default();
    for sample in 0..SAMPLES {
        ticks.tick().await;
        let offset = sample % LIMITS;
        let number = sample * 1_741 % POLLS;
        let (limit, most) = (11 + offset, 1 + offset);
        let words = percent_encoded(&title(number));
        let lists = [
            (format!("/api/polls?limit={limit}"), polls.ids(0, limit)?),
            (format!("/api/trending?limit={most}"), polls.ids(0, most)?),
            (
                format!("/api/polls?q={words}"),
                polls.ids(POLLS - 1 - number, 1)?,
            ),
            (
                format!("/api/polls?after={cursor}"),
                polls.ids(LAST_PAGE_OFFSET, 20)?,
            ),
        ];
        for ((path, expected), times) in lists.into_iter().zip(&mut times) {
            let request = get(&path);
            let start = Instant::now();
            let response = connection.send(&request).await?;
            times.push(milliseconds_since(start));
            let body: Body = response.json(200)?;
            let found = body.polls.iter().map(|poll| &poll.id);
            let expected = expected.iter().map(|id| id.as_uuid());
            ensure!(found.eq(expected), "unexpected polls at {path}");
        }
    }
    let [first_page, trending, search, last_page] = times.map(median);
    Ok(HttpLatencies {
        first_page,
        trending,
        search,
        last_page,
    })
}

/// First pages of many clients.
#[derive(Debug)]
pub(super) struct PageLoad {
    pub(super) pages_per_second: f64,
    /// The server's processor time per page, in microseconds.
    pub(super) server_cpu: f64,
    /// The load's processor time per page, in microseconds.
    pub(super) load_cpu: f64,
    /// The size of a page, in KiB.
    pub(super) page_kib: f64,
}

/// Reads the first page over `clients` connections for `time`.
///
/// # Errors
/// If a response is not 200, or the server has exited.
pub(super) async fn load(server: &Server, clients: usize, time: Duration) -> Result<PageLoad> {
    let request = get("/api/polls");
    let mut connection = Connection::open(server.address).await?;
    let size = connection.send(&request).await?.body.len();
    let before = server.usage()?;
    let start = Instant::now();
    let mut readers = JoinSet::new();
    for _ in 0..clients {
        let connection = Connection::open(server.address).await?;
        readers.spawn(read_until(connection, vec![request.clone()], start + time));
    }
    let mut pages = 0;
    while let Some(read) = readers.join_next().await {
        pages += read??;
    }
    let pages_per_second = per_second(pages, start.elapsed())?;
    let used = server.usage()?.since(&before);
    let pages = f64::from(u32::try_from(pages)?);
    let micros_per_page = |time: Duration| 1e6 * time.as_secs_f64() / pages;
    Ok(PageLoad {
        pages_per_second,
        server_cpu: micros_per_page(used.server),
        load_cpu: micros_per_page(used.load),
        page_kib: f64::from(u32::try_from(size)?) / 1024.0,
    })
}

/// Sends requests in turn until `end`, each after the response to the last one. Returns
/// their number.
///
/// # Errors
/// If a response is not 200.
pub(super) async fn read_until(
    mut connection: Connection,
    requests: Vec<Request>,
    end: Instant,
) -> Result<u64> {
    for (pages, request) in (0..).zip(requests.iter().cycle()) {
        if Instant::now() >= end {
            return Ok(pages);
        }
        connection.send(request).await?.expect_status(200)?;
    }
    None.context("no request to send")
}

pub(super) fn get(path: &str) -> Request {
    Request::new("GET", path, "")
}

/// Encodes a text for a query: everything but letters and digits.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_and_digits_stay() {
        assert_eq!(percent_encoded("a b: 7?"), "a%20b%3A%207%3F");
    }
}
