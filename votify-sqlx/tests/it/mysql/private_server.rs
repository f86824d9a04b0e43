//! Private servers with their own settings, and crashes.

use votify_core::Outcome;
use votify_core::store::Durability;
use votify_sqlx::MySqlStore;
use votify_test_support::ballots::{ballot, cast, error_chain, poll, votes};
use votify_test_support::sql::Server;

#[tokio::test]
async fn durability_follows_the_servers_settings() {
    let settings = ["--log-bin=votify", "--sync-binlog=0"];
    let Some(server) = Server::mysql(&settings).await else {
        return;
    };
    let mut admin = server.connection().await;
    for (setting, expected) in [
        (
            "innodb_flush_log_at_trx_commit = 2",
            Durability::ProcessCrash,
        ),
        ("innodb_flush_log_at_trx_commit = 0", Durability::Nothing),
        (
            "innodb_flush_log_at_trx_commit = 1",
            Durability::ProcessCrash,
        ),
        ("sync_binlog = 1", Durability::PowerLoss),
    ] {
        admin.run(format!("SET GLOBAL {setting}")).await.unwrap();
        let store = MySqlStore::connect(server.url()).await.unwrap();
        assert_eq!(store.durability(), expected, "{setting}");
    }
    admin
        .run("SET GLOBAL binlog_format = 'STATEMENT'")
        .await
        .unwrap();
    let error = MySqlStore::connect(server.url()).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("binlog_format"), "{error}");
}

#[tokio::test]
async fn acknowledged_votes_survive_a_killed_server() {
    let Some(mut server) = Server::mysql(&["--log-bin=votify", "--sync-binlog=1"]).await else {
        return;
    };
    let store = MySqlStore::connect(server.url()).await.unwrap();
    store.migrate().await.unwrap();
    let poll = poll(&store).await;
    for round in 0..2 {
        for n in 0..20 {
            let outcome = cast(&store, &[ballot(&poll, round * 20 + n)])
                .await
                .remove(0);
            assert!(
                matches!(outcome, Ok(Outcome::Counted { .. })),
                "{outcome:?}"
            );
        }
        server.kill();
        let outcome = cast(&store, &[ballot(&poll, 1000)]).await.remove(0);
        outcome.unwrap_err();
        server.start().await;
        assert_eq!(votes(&store, &poll).await, u64::from(round + 1) * 20);
    }
}
