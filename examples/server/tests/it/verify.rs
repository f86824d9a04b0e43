use std::path::Path;

use votify_sqlx::sqlx::{self, Connection};

use crate::api::{Api, Poll};
use crate::program::{ProgramExit, Server, run, votify};

async fn verify(directory: &Path, arguments: &[&str]) -> ProgramExit {
    let mut all = vec!["verify"];
    all.extend(arguments);
    run(&mut votify(directory, &all)).await
}

/// Adds one vote to the stored total.
async fn tamper(directory: &Path, poll: &Poll) {
    let url = format!("sqlite://{}/votify.db", directory.display());
    let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let id: uuid::Uuid = poll.id.parse().unwrap();
    let changed = sqlx::query("UPDATE votify_polls SET total_votes = total_votes + 1 WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(&mut database)
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 1);
    database.close().await.unwrap();
}

#[tokio::test]
async fn verify_finds_and_repairs_a_wrong_tally() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    let exit = verify(directory.path(), &[&poll.id]).await;
    assert_eq!(exit.code(), 0, "verify works while a server runs: {exit:?}");
    assert!(exit.stdout.contains("exact, 1 votes"), "{exit:?}");
    server.stop().await;

    tamper(directory.path(), &poll).await;
    let exit = verify(directory.path(), &[&poll.id]).await;
    let line = exit.error_line(1);
    assert!(
        line.contains("2 votes instead of 1") && line.contains("--repair"),
        "{line}"
    );
    let exit = verify(directory.path(), &[&poll.id, "--repair"]).await;
    assert_eq!(exit.code(), 0, "{exit:?}");
    assert!(
        exit.stdout.contains("rebuilt as epoch 2, 1 votes"),
        "{exit:?}"
    );
    assert_eq!(verify(directory.path(), &[&poll.id]).await.code(), 0);
    let server = Server::start(directory.path(), &[]).await;
    assert_eq!(api.at(&server).counts(&poll).await, [1, 0]);
    server.stop().await;
}

/// A backup has positions that clients have seen with other counts since.
#[tokio::test]
async fn polls_of_a_restored_backup_are_all_rebuilt_under_the_next_epoch() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::new(&server);
    let (exact, wrong) = (api.create_poll().await, api.create_poll().await);
    assert_eq!(api.vote(&exact, 0).await.0, 201);
    server.stop().await;

    let all = verify(directory.path(), &["--all"]).await;
    assert_eq!(all.code(), 0, "{all:?}");
    assert!(all.stdout.contains("2 polls checked, 0 tallies"), "{all:?}");
    tamper(directory.path(), &wrong).await;
    let all = verify(directory.path(), &["--all"]).await;
    assert!(all.stdout.contains(&wrong.id), "{all:?}");
    assert!(all.error_line(1).contains("1 tallies differ"), "{all:?}");
    let all = verify(directory.path(), &["--all", "--repair"]).await;
    assert_eq!(all.code(), 0, "{all:?}");
    let server = Server::start(directory.path(), &[]).await;
    for poll in [&exact, &wrong] {
        assert_eq!(api.at(&server).epoch(poll).await, 2);
    }
    server.stop().await;
    let again = verify(directory.path(), &[&exact.id, "--repair"]).await;
    assert!(again.stdout.contains("rebuilt as epoch 3"), "{again:?}");
    let both = verify(directory.path(), &[&exact.id, "--all"]).await;
    both.error_line(2);
}

#[tokio::test]
async fn verify_does_not_print_hidden_counts() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::new(&server);
    let poll = api
        .create_poll_with(serde_json::json!({"results": "after_close"}))
        .await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    server.stop().await;
    let exit = verify(directory.path(), &[&poll.id]).await;
    assert_eq!(
        exit.stdout,
        format!("poll {}: the tally is exact\n", poll.id)
    );
    tamper(directory.path(), &poll).await;
    let exit = verify(directory.path(), &[&poll.id]).await;
    assert_eq!(
        exit.error_line(1),
        format!(
            "error: poll {}: the tally differs from its ballots; rebuild it with --repair",
            poll.id
        )
    );
}

#[tokio::test]
async fn verify_reports_missing_polls_and_databases() {
    let directory = tempfile::tempdir().unwrap();
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    assert!(
        verify(directory.path(), &[unknown])
            .await
            .error_line(1)
            .contains("no such file: votify.db")
    );
    assert!(!directory.path().join("votify.db").exists());
    assert!(
        verify(directory.path(), &["lunch"])
            .await
            .error_line(2)
            .contains("lunch")
    );
    assert!(
        verify(directory.path(), &[unknown, "--store", "memory:"])
            .await
            .error_line(2)
            .contains("--store")
    );
    std::fs::write(directory.path().join("votify.db"), "").unwrap();
    assert!(
        verify(directory.path(), &[unknown])
            .await
            .error_line(1)
            .contains("--store"),
        "the database has no tables"
    );
    assert_eq!(
        run(&mut votify(directory.path(), &["migrate"]))
            .await
            .code(),
        0
    );
    assert!(
        verify(directory.path(), &[unknown])
            .await
            .error_line(1)
            .contains("does not exist")
    );
}
