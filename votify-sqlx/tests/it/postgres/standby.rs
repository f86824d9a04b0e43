use votify_core::{Outcome, Store, StoreError};
use votify_sqlx::PostgresStore;
use votify_test_support::ballots::{ballot, cast, poll, votes};
use votify_test_support::sql::Server;

#[tokio::test]
async fn a_private_server_in_standby_is_unavailable_until_promoted() {
    let Some(mut server) = Server::postgres(&[]).await else {
        return;
    };
    let store = PostgresStore::connect(server.url()).await.unwrap();
    store.migrate().await.unwrap();
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    server.stop();
    std::fs::write(server.folder().join("data/standby.signal"), "").unwrap();
    server.start().await;

    let ballots = [ballot(&poll, 2)];
    let outcome = cast(&store, &ballots).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    let deleted = store.delete_poll(poll.id).await;
    assert!(
        matches!(deleted, Err(StoreError::Unavailable { .. })),
        "{deleted:?}"
    );
    assert_eq!(votes(&store, &poll).await, 1);

    let mut connection = server.connection().await;
    connection.run("SELECT pg_promote()").await.unwrap();
    let outcome = cast(&store, &ballots).await.remove(0);
    assert!(
        matches!(outcome, Ok(Outcome::Counted { revision: 2 })),
        "{outcome:?}"
    );
}
