use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use tempfile::TempDir;
use tokio::process::Command;
use uuid::Uuid;

use crate::api::{Api, Poll, ready};
use crate::program::{SERVE, Server, prepared, run, votify, votify_after};

/// Votes with free space, without free space, and with free space again.
async fn votes_wait_for_free_space(
    server: Server,
    verify: impl Fn(&str) -> Command + Send + Sync,
    fill: impl FnOnce() + Send,
    free_space: impl FnOnce() + Send,
) {
    let verified = async |poll: &Poll| {
        let exit = run(&mut verify(&poll.id)).await;
        assert_eq!(exit.code(), 0, "{exit:?}");
    };
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    let mut counted = Vec::new();
    for _ in 0..20 {
        counted.push(
            one_vote(&api, &poll)
                .await
                .expect("the disk has free space"),
        );
    }

    fill();
    let mut waiting = Vec::new();
    while waiting.len() < 20 {
        match one_vote(&api, &poll).await {
            Ok(ballot) => counted.push(ballot),
            Err(ballot) => waiting.push(ballot),
        }
    }
    let (status, body) = ready(&server).await;
    assert_eq!(status, 503, "{body}");
    assert_eq!(body["parts"][0]["part"], "store", "{body}");
    assert_eq!(body["parts"][0]["ready"], false, "{body}");
    let total = api.counts(&poll).await[0];
    assert!(
        total >= counted.len() as u64,
        "acknowledged votes stay readable"
    );
    verified(&poll).await;

    free_space();
    let is_ready = async {
        while ready(&server).await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), is_ready).await;
    in_time.expect("the server is ready again");
    for ballot in &waiting {
        let (status, body) = api.cast(&poll, ballot, 0).await.unwrap();
        assert!(matches!(status, 200 | 201), "{body}");
    }
    for ballot in &counted {
        assert_eq!(
            api.cast(&poll, ballot, 0).await.unwrap().0,
            200,
            "an acknowledged vote is lost"
        );
    }
    one_vote(&api, &poll)
        .await
        .expect("the disk has free space again");
    assert_eq!(
        api.counts(&poll).await,
        [counted.len() as u64 + waiting.len() as u64 + 1, 0]
    );
    verified(&poll).await;
    server.stop().await;
}

/// Casts one vote. Returns its ballot id, as an error if the store rejected it.
async fn one_vote(api: &Api, poll: &Poll) -> Result<String, String> {
    let ballot = Uuid::new_v4().to_string();
    let response = api.cast_raw(poll, &ballot, 0).await.unwrap();
    if response.status() == 201 {
        return Ok(ballot);
    }
    assert_eq!(response.status(), 503);
    let wait: u64 = response.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(wait >= 1);
    let problem: serde_json::Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "store_unavailable", "{problem}");
    assert!(
        !problem.to_string().to_lowercase().contains("sqlite"),
        "{problem}"
    );
    Err(ballot)
}

/// A file size limit makes writes fail, as a full disk does.
#[tokio::test]
async fn votes_wait_while_files_cannot_grow() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::spawn(votify_after("trap '' XFSZ", directory.path(), &SERVE)).await;
    let pid = server.pid();
    let wal = directory.path().join("votify.db-wal");
    let unlimited = getrlimit(Resource::Fsize);
    let limit = move |current| {
        prlimit(
            Some(pid),
            Resource::Fsize,
            Rlimit {
                current,
                ..getrlimit(Resource::Fsize)
            },
        )
        .unwrap()
    };
    let fill = || {
        limit(Some(wal.metadata().unwrap().len() + 16_384));
    };
    let free_space = || {
        limit(unlimited.current);
    };
    votes_wait_for_free_space(
        server,
        |poll| votify(directory.path(), &["verify", poll]),
        fill,
        free_space,
    )
    .await;
}

/// Registering and logging out show a full disk as votes do.
#[tokio::test]
async fn account_writes_show_that_files_cannot_grow() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        &SERVE[..],
        &["--register-rate", "off", "--login-rate", "off"],
    ]
    .concat();
    let server = Server::spawn(votify_after("trap '' XFSZ", directory.path(), &arguments)).await;
    let pid = server.pid();
    let unlimited = getrlimit(Resource::Fsize);
    let limit = |current| {
        let limits = Rlimit {
            current,
            ..unlimited
        };
        prlimit(Some(pid), Resource::Fsize, limits).unwrap()
    };
    let client = reqwest::Client::new();
    let post = async |path: &str, token: &str, body: serde_json::Value| {
        let mut request = client.post(server.url(path)).json(&body);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: serde_json::Value = response.json().await.unwrap_or_default();
        (status, body)
    };
    let register = async |name: &str| {
        let body = serde_json::json!({"name": name, "password": "correct horse"});
        let (status, body) = post("/api/auth/register", "", body).await;
        (
            status,
            body["token"].as_str().unwrap_or_default().to_owned(),
        )
    };
    for path in ["/api/auth/register", "/api/auth/logout"] {
        let (status, token) = register(&format!("ada{}", path.len())).await;
        assert_eq!(status, 201);
        limit(Some(1));
        let body = match path {
            "/api/auth/register" => serde_json::json!({"name": "bob", "password": "correct horse"}),
            _ => serde_json::json!({}),
        };
        let (status, problem) = post(path, &token, body).await;
        assert_eq!(status, 503, "{path}: {problem}");
        let (status, body) = ready(&server).await;
        assert_eq!(status, 503, "{path}: {body}");
        limit(unlimited.current);
        let is_ready = async {
            while ready(&server).await.0 != 200 {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), is_ready).await;
        in_time.expect("the server is ready again");
    }
    server.stop().await;
}

/// The server runs on a file system of 4 MiB that the test fills.
#[tokio::test]
async fn votes_wait_while_the_disk_is_full() {
    let directory = tempfile::tempdir().unwrap();
    if !can_mount(&directory).await {
        // The other test covers the same behavior with another error code.
        eprintln!("NOT RUN: unprivileged mounts are not allowed on this machine (unshare -rm)");
        return;
    }
    let mut command = Command::new("unshare");
    let script = "mount -t tmpfs -o size=4m tmpfs . && cd \"$PWD\" && exec \"$0\" \"$@\"";
    command.args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_votify")]);
    let server = Server::spawn(prepared(command, directory.path(), &SERVE)).await;
    // Only processes in the namespace of the server see the file system.
    let (pid, path) = (
        server.pid().as_raw_nonzero().to_string(),
        directory.path().display(),
    );
    let ballast = PathBuf::from(format!("/proc/{pid}/root{path}/ballast"));
    let verify = |poll: &str| {
        let mut command = Command::new("nsenter");
        command.args(["-t", &pid, "-U", "-m", "--preserve-credentials", "--wd"]);
        command.args([env!("CARGO_BIN_EXE_votify"), "verify", poll]);
        prepared(command, directory.path(), &[])
    };
    let fill = || {
        let mut file = std::fs::File::create(&ballast).unwrap();
        let full = std::iter::repeat_with(|| file.write_all(&[0; 512]))
            .find_map(Result::err)
            .unwrap();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    };
    let free_space = || std::fs::remove_file(&ballast).unwrap();
    votes_wait_for_free_space(server, verify, fill, free_space).await;
}

async fn can_mount(directory: &TempDir) -> bool {
    let mut command = Command::new("unshare");
    command
        .args(["-rm", "mount", "-t", "tmpfs", "tmpfs"])
        .arg(directory.path());
    command
        .output()
        .await
        .is_ok_and(|output| output.status.success())
}
