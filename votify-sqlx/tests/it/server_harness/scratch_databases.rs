use std::thread;
use std::time::{Duration, SystemTime};

use tokio::runtime;
use votify_test_support::sql::leftovers::{MAX_AGE, is_leftover, name_created_at, sweep};
use votify_test_support::sql::{Connection, ScratchDatabase, ServerKind};

/// Returns true if the shared server has a schema or database with this name.
async fn exists(kind: ServerKind, name: &str) -> bool {
    let url = kind.shared_url().unwrap();
    let mut connection = Connection::open(kind, url.as_str()).await.unwrap();
    let query =
        format!("SELECT 'found' FROM information_schema.schemata WHERE schema_name = '{name}'");
    !connection.texts(query).await.unwrap().is_empty()
}

async fn assert_connections_are_isolated(kind: ServerKind) {
    let Some(one) = ScratchDatabase::new(kind).await else {
        return;
    };
    let other = ScratchDatabase::new(kind).await.unwrap();
    let mut first = one.connection().await;
    first.run("CREATE TABLE things (name TEXT)").await.unwrap();
    first
        .run("INSERT INTO things VALUES ('one')")
        .await
        .unwrap();
    let mut second = one.connection().await;
    let names = second.texts("SELECT name FROM things").await.unwrap();
    assert_eq!(names, ["one"]);

    let mut isolated = other.connection().await;
    isolated.texts("SELECT name FROM things").await.unwrap_err();
}

#[tokio::test]
async fn connections_use_their_own_schema_on_postgres() {
    assert_connections_are_isolated(ServerKind::Postgres).await;
}

#[tokio::test]
async fn connections_use_their_own_database_on_mysql() {
    assert_connections_are_isolated(ServerKind::MySql).await;
}

/// Takes a lock that prevents dropping the schema or database.
async fn take_lock(connection: &mut Connection) {
    for statement in [
        "CREATE TABLE things (name VARCHAR(9))",
        "BEGIN",
        "INSERT INTO things VALUES ('one')",
    ] {
        connection.run(statement).await.unwrap();
    }
}

async fn assert_dropped_with_open_connections(kind: ServerKind) {
    let Some(database) = ScratchDatabase::new(kind).await else {
        return;
    };
    let name = database.name().to_owned();
    let mut open = database.connection().await;
    take_lock(&mut open).await;
    assert!(exists(kind, &name).await);
    drop(database);
    assert!(!exists(kind, &name).await);
    open.run("SELECT 1").await.unwrap_err();
}

#[tokio::test]
async fn a_schema_with_open_connections_is_dropped_on_postgres() {
    assert_dropped_with_open_connections(ServerKind::Postgres).await;
}

#[tokio::test]
async fn a_database_with_open_connections_is_dropped_on_mysql() {
    assert_dropped_with_open_connections(ServerKind::MySql).await;
}

/// A store may set the application name of its connections.
#[tokio::test]
async fn a_schema_with_renamed_connections_is_dropped_on_postgres() {
    let Some(database) = ScratchDatabase::postgres().await else {
        return;
    };
    let mut open = database.connection().await;
    open.run("SET application_name = 'votify'").await.unwrap();
    take_lock(&mut open).await;
    let name = database.name().to_owned();
    drop(database);
    assert!(!exists(ServerKind::Postgres, &name).await);
}

async fn assert_dropped_after_a_panic(kind: ServerKind) {
    let Some(database) = ScratchDatabase::new(kind).await else {
        return;
    };
    let name = database.name().to_owned();
    let panicking = thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let mut open = database.connection().await;
            take_lock(&mut open).await;
            panic!("as in a failing test");
        });
    });
    panicking.join().unwrap_err();
    assert!(!exists(kind, &name).await);
}

#[tokio::test]
async fn a_schema_is_dropped_after_a_panic_on_postgres() {
    assert_dropped_after_a_panic(ServerKind::Postgres).await;
}

#[tokio::test]
async fn a_database_is_dropped_after_a_panic_on_mysql() {
    assert_dropped_after_a_panic(ServerKind::MySql).await;
}

async fn assert_only_old_databases_are_swept(kind: ServerKind) {
    let Some(young) = ScratchDatabase::new(kind).await else {
        return;
    };
    let url = kind.shared_url().unwrap();
    let old = name_created_at(SystemTime::now() - MAX_AGE - Duration::from_secs(60));
    let mut connection = Connection::open(kind, url.as_str()).await.unwrap();
    // `CREATE SCHEMA` works on both kinds of server.
    connection
        .run(format!("CREATE SCHEMA {old}"))
        .await
        .unwrap();
    // An error is allowed: another test program may sweep the same names at this moment.
    let swept = sweep(kind, &mut connection).await;
    assert!(!exists(kind, &old).await, "{swept:?}");
    assert!(exists(kind, young.name()).await);
}

#[tokio::test]
async fn only_old_schemas_are_swept_on_postgres() {
    assert_only_old_databases_are_swept(ServerKind::Postgres).await;
}

#[tokio::test]
async fn only_old_databases_are_swept_on_mysql() {
    assert_only_old_databases_are_swept(ServerKind::MySql).await;
}

#[test]
fn only_old_names_of_scratch_databases_are_leftovers() {
    let now = SystemTime::now();
    assert!(is_leftover(&name_created_at(now - 2 * MAX_AGE), now));
    assert!(is_leftover("votify_test_1_01234567", now));
    assert!(!is_leftover(&name_created_at(now - MAX_AGE / 2), now));
    assert!(!is_leftover(&name_created_at(now + 2 * MAX_AGE), now));
    for name in [
        "votify",
        "votify_test_",
        "votify_test_1",
        "votify_test_1_mine",
        "votify_test_x_01234567",
        "my_votify_test_1_01234567",
    ] {
        assert!(!is_leftover(name, now), "{name}");
    }
}
