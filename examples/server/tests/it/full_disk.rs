use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use tempfile::TempDir;
use tokio::process::Command;
use uuid::Uuid;

use crate::api::{Api, Poll};
use crate::program::{Server, prepared, run, votify, votify_after};

const SERVE: [&str; 7] = ["serve", "--listen", "127.0.0.1:0", "--vote-rate", "off", "--session-rate", "off"];

/// Votes while there is room, while there is none, and when there is again.
async fn votes_wait_for_room(server: Server, verify: impl Fn(&str) -> Command, no_room: impl FnOnce(), room: impl FnOnce()) {
    let verified = async |poll: &Poll| {
        let ended = run(&mut verify(&poll.id)).await;
        assert_eq!(ended.code(), 0, "{ended:?}");
    };
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    let mut counted = Vec::new();
    for _ in 0..20 {
        counted.push(one_vote(&api, &poll).await.expect("there is room"));
    }

    no_room();
    let mut waiting = Vec::new();
    while waiting.len() < 20 {
        match one_vote(&api, &poll).await {
            Ok(ballot) => counted.push(ballot),
            Err(ballot) => waiting.push(ballot),
        }
    }
    let total = api.counts(&poll).await[0];
    assert!(total >= counted.len() as u64, "what is counted can still be read");
    verified(&poll).await;

    room();
    for ballot in &waiting {
        let (status, body) = api.cast(&poll, ballot, 0).await.unwrap();
        assert!(matches!(status, 200 | 201), "{body}");
    }
    for ballot in &counted {
        assert_eq!(api.cast(&poll, ballot, 0).await.unwrap().0, 200, "an acknowledged vote is lost");
    }
    one_vote(&api, &poll).await.expect("there is room again");
    assert_eq!(api.counts(&poll).await, [counted.len() as u64 + waiting.len() as u64 + 1, 0]);
    verified(&poll).await;
    server.stop().await;
}

/// The ballot's id, as error if it could not be written.
async fn one_vote(api: &Api, poll: &Poll) -> Result<String, String> {
    let ballot = Uuid::new_v4().to_string();
    let answer = api.cast_raw(poll, &ballot, 0).await.unwrap();
    if answer.status() == 201 {
        return Ok(ballot);
    }
    assert_eq!(answer.status(), 503);
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait >= 1);
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "store_unavailable", "{problem}");
    assert!(!problem.to_string().to_lowercase().contains("sqlite"), "{problem}");
    Err(ballot)
}

/// The files of the server may grow no further, which the kernel tells it as it tells of a full disk: the write fails.
#[tokio::test]
async fn votes_wait_while_files_may_not_grow() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::spawn(votify_after("trap '' XFSZ", directory.path(), &SERVE)).await;
    let pid = server.pid();
    let wal = directory.path().join("votify.db-wal");
    let unlimited = getrlimit(Resource::Fsize);
    let limit = move |current| prlimit(Some(pid), Resource::Fsize, Rlimit { current, ..getrlimit(Resource::Fsize) }).unwrap();
    let no_room = || {
        limit(Some(wal.metadata().unwrap().len() + 16_384));
    };
    let room = || {
        limit(unlimited.current);
    };
    votes_wait_for_room(server, |poll| votify(directory.path(), &["verify", poll]), no_room, room).await;
}

/// A file system of 4 MiB of the server's own, filled up.
#[tokio::test]
async fn votes_wait_while_the_disk_is_full() {
    let directory = tempfile::tempdir().unwrap();
    if !can_mount(&directory).await {
        // The other test shows the same with another error of the kernel's.
        eprintln!("NOT RUN: this machine lets nobody mount a file system of their own (unshare -rm)");
        return;
    }
    let mut command = Command::new("unshare");
    let script = "mount -t tmpfs -o size=4m tmpfs . && cd \"$PWD\" && exec \"$0\" \"$@\"";
    command.args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_votify")]);
    let server = Server::spawn(prepared(command, directory.path(), &SERVE)).await;
    // Only its process, and who joins it, see the file system.
    let (pid, path) = (server.pid().as_raw_nonzero().to_string(), directory.path().display());
    let ballast = PathBuf::from(format!("/proc/{pid}/root{path}/ballast"));
    let verify = |poll: &str| {
        let mut command = Command::new("nsenter");
        command.args(["-t", &pid, "-U", "-m", "--preserve-credentials", "--wd"]);
        command.args([env!("CARGO_BIN_EXE_votify"), "verify", poll]);
        prepared(command, directory.path(), &[])
    };
    let no_room = || {
        let mut file = std::fs::File::create(&ballast).unwrap();
        let full = std::iter::repeat_with(|| file.write_all(&[0; 512])).find_map(Result::err).unwrap();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    };
    let room = || std::fs::remove_file(&ballast).unwrap();
    votes_wait_for_room(server, verify, no_room, room).await;
}

async fn can_mount(directory: &TempDir) -> bool {
    let mut command = Command::new("unshare");
    command.args(["-rm", "mount", "-t", "tmpfs", "tmpfs"]).arg(directory.path());
    command.output().await.is_ok_and(|output| output.status.success())
}
