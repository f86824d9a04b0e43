//! Lists of 100 000 polls, votes beside readers of lists, and the seal of many polls.

mod http_pages;
mod listed_polls;
mod sealing;
mod store_pages;
mod votes_beside_readers;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::database::DatabaseKind;
use crate::duration::duration;
use crate::report::{Figure, Row, Target, count};
use crate::scratch_database::ScratchDatabase;
use crate::server::Server;
use http_pages::{HttpLatencies, PageLoad};
use listed_polls::{ListedPolls, POLLS, StoreFile, fast_url};
use store_pages::StoreLatencies;
use votes_beside_readers::{READERS, Readers, VotesBeside};

const RUNS: usize = 3;
const CLIENTS: usize = 64;
const LOAD_TIME: Duration = Duration::from_secs(2);

/// The runs on PostgreSQL.
struct Runs {
    store: Vec<StoreLatencies>,
    http: Vec<HttpLatencies>,
    loads: Vec<PageLoad>,
    without_readers: Vec<VotesBeside>,
    beside_first_pages: Vec<VotesBeside>,
    beside_all_lists: Vec<VotesBeside>,
    /// Seconds until all due polls were sealed.
    sealing: Vec<f64>,
}

/// # Errors
/// If a page is wrong, a vote is rejected or lost, or a due poll is not sealed.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let sqlite = measure_sqlite(program, scratch).await?;
    let kind = DatabaseKind::Postgres;
    let (database, runs) = ScratchDatabase::with(kind, async |database| {
        let runs = measure_postgres(database, program, scratch).await?;
        Ok((database.describe().await?, runs))
    })
    .await?;
    Ok(Figure {
        name: "lists",
        about: about(&database),
        rows: rows(&runs, &sqlite),
    })
}

async fn measure_postgres(
    database: &ScratchDatabase,
    program: &Path,
    scratch: &Path,
) -> Result<Runs> {
    let store = listed_polls::open_postgres(database.url()).await?;
    let fast = listed_polls::open_postgres(&fast_url(database.url())?).await?;
    let polls = ListedPolls::create(&*fast).await?;
    database.analyze().await?;
    let mut runs = Runs {
        store: Vec::new(),
        http: Vec::new(),
        loads: Vec::new(),
        without_readers: Vec::new(),
        beside_first_pages: Vec::new(),
        beside_all_lists: Vec::new(),
        sealing: Vec::new(),
    };
    {
        let server = Server::votify_on(database.url(), program, scratch)?;
        for _ in 0..RUNS {
            runs.store
                .push(store_pages::measure(&*store, &polls).await?);
            runs.http.push(http_pages::measure(&server, &polls).await?);
            runs.loads
                .push(http_pages::load(&server, CLIENTS, LOAD_TIME).await?);
        }
        // Afterwards, because their polls come first in the lists.
        for _ in 0..RUNS {
            for (readers, found) in [
                (Readers::none(), &mut runs.without_readers),
                (Readers::of_first_pages(), &mut runs.beside_first_pages),
                (Readers::of_all_lists(&polls)?, &mut runs.beside_all_lists),
            ] {
                found.push(votes_beside_readers::measure(&server, &readers).await?);
            }
        }
    }
    for _ in 0..sealing::RUNS {
        let seconds = sealing::measure(&*fast, database.url(), program, scratch).await?;
        runs.sealing.push(seconds);
    }
    Ok(runs)
}

/// Returns the latencies of the store, and those over HTTP.
async fn measure_sqlite(
    program: &Path,
    scratch: &Path,
) -> Result<Vec<(StoreLatencies, HttpLatencies)>> {
    let file = StoreFile::create(scratch).await?;
    let store = file.open().await?;
    let server = Server::votify_on(&file.url(), program, scratch)?;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let of_store = store_pages::measure(&*store, &file.polls).await?;
        runs.push((of_store, http_pages::measure(&server, &file.polls).await?));
    }
    Ok(runs)
}

fn about(database: &str) -> String {
    format!(
        "{polls} public polls with four options, one created every minute, all open and without \
         votes. The tables are analyzed after they were filled. *One client* sends one request \
         after the other: to `votify serve` over HTTP, with limits or words that vary so that no \
         first page is shared, or to the store inside the benchmark program. A run reports medians \
         of {samples} requests of each kind. Page 5 000 is the page of 20 polls after the cursor of \
         the poll at {last}. For *first pages a second*, {CLIENTS} connections send `GET /api/polls` \
         for {load_time}, each after the answer to its last one; this page is shared. *Votes beside \
         readers*: 500 votes a second are cast in one poll for {vote_time}, independent of their \
         answers, while {READERS} connections read lists as fast as they are answered: the first \
         page only, or first pages, page numbers, pages after cursors, trending and searches in turn. \
         Latencies count from the scheduled time of a vote. A vote that is not answered 201 fails \
         the figure, as does a total that differs from the answered votes. *Sealing*: {due} polls \
         have the same closing time; the time is from there until none is unsealed. The load shares \
         the processors with the server. The database is {database}.",
        polls = count(POLLS),
        samples = store_pages::SAMPLES,
        last = count(listed_polls::LAST_PAGE_OFFSET),
        load_time = duration(LOAD_TIME),
        vote_time = duration(votes_beside_readers::TIME),
        due = count(sealing::POLLS),
    )
}

fn rows(runs: &Runs, sqlite: &[(StoreLatencies, HttpLatencies)]) -> Vec<Row> {
    let mut rows = latency_rows(runs, sqlite);
    let load = |label: &str, unit, value: fn(&PageLoad) -> f64| {
        Row::new(label, unit, runs.loads.iter().map(value).collect())
    };
    rows.extend([
        load("first pages, 64 clients, PostgreSQL", "a second", |load| {
            load.pages_per_second
        })
        .target(Target::AtLeast(5_000.0))
        .aim(Target::AtLeast(20_000.0)),
        load("server CPU time per first page", "µs", |load| {
            load.server_cpu
        }),
        load("load CPU time per first page", "µs", |load| load.load_cpu),
        load("size of a first page", "KiB", |load| load.page_kib),
    ]);
    for (label, votes, has_target) in [
        (
            "500 votes a second, no readers",
            &runs.without_readers,
            false,
        ),
        (
            "500 votes a second beside readers of the first page",
            &runs.beside_first_pages,
            true,
        ),
        (
            "500 votes a second beside readers of all lists",
            &runs.beside_all_lists,
            true,
        ),
    ] {
        rows.extend(vote_rows(label, votes, has_target));
    }
    let sealing = Row::new(
        "10 000 due polls sealed, PostgreSQL",
        "s",
        runs.sealing.clone(),
    );
    rows.push(sealing.target(Target::AtMost(5.0)).aim(Target::AtMost(2.0)));
    rows
}

fn latency_rows(runs: &Runs, sqlite: &[(StoreLatencies, HttpLatencies)]) -> Vec<Row> {
    let http = |label: &str, value: fn(&HttpLatencies) -> f64, (target, aim)| {
        Row::new(
            format!("{label}, one client, PostgreSQL"),
            "ms",
            runs.http.iter().map(value).collect(),
        )
        .target(Target::AtMost(target))
        .aim(Target::AtMost(aim))
    };
    let store = |label: &str, value: fn(&StoreLatencies) -> f64| {
        let values = runs.store.iter().map(value).collect();
        Row::new(format!("{label}, store on PostgreSQL"), "ms", values)
    };
    let sqlite_http = sqlite.iter().map(|(_, http)| http.first_page).collect();
    vec![
        http("first page", |run| run.first_page, (3.0, 1.5)),
        http("trending", |run| run.trending, (3.0, 1.5)),
        http("search for one title", |run| run.search, (3.0, 1.5)),
        http("page 5 000 by cursor", |run| run.last_page, (3.0, 1.5)),
        store("first page", |run| run.first_page),
        store("trending", |run| run.trending),
        store("search for one title", |run| run.search),
        store("search for words of many titles", |run| run.frequent_words),
        store("page 5 000 by cursor", |run| run.last_page),
        store("count up to 10 000", |run| run.count),
        Row::new("first page, one client, SQLite", "ms", sqlite_http)
            .target(Target::AtMost(1.5))
            .aim(Target::AtMost(0.7)),
        Row::new(
            "first page, store on SQLite",
            "ms",
            sqlite.iter().map(|(store, _)| store.first_page).collect(),
        ),
        Row::new(
            "count up to 10 000, store on SQLite",
            "ms",
            sqlite.iter().map(|(store, _)| store.count).collect(),
        ),
    ]
}

fn vote_rows(label: &str, votes: &[VotesBeside], has_target: bool) -> Vec<Row> {
    let row = |what: &str, unit, value: fn(&VotesBeside) -> f64| {
        let values = votes.iter().map(value).collect();
        Row::new(format!("{label}: {what}"), unit, values)
    };
    let counted = row("counted", "a second", |run| run.votes_per_second);
    let p50 = row("p50", "ms", |run| run.p50);
    let p99 = row("p99", "ms", |run| run.p99);
    if !has_target {
        return vec![counted, p50, p99];
    }
    vec![
        // The last votes are scheduled after the end of the run.
        counted.target(Target::AtLeast(495.0)),
        p50.target(Target::AtMost(5.0)).aim(Target::AtMost(2.5)),
        p99,
        row("pages read", "a second", |run| run.pages_per_second),
    ]
}
