use std::thread;
use std::time::{Duration, SystemTime};

use tokio::runtime;

use crate::servers::leftovers::{OLD, is_left, name_given, sweep};
use crate::servers::{Connection, Database, Kind};

/// Whether the shared server still has a schema or database of this name.
async fn exists(kind: Kind, name: &str) -> bool {
    let url = kind.shared().unwrap();
    let mut connection = Connection::open(kind, url.as_str()).await.unwrap();
    let query =
        format!("SELECT 'found' FROM information_schema.schemata WHERE schema_name = '{name}'");
    !connection.texts(query).await.unwrap().is_empty()
}

async fn every_connection_lands_in_it(kind: Kind) {
    let Some(one) = Database::of(kind).await else {
        return;
    };
    let other = Database::of(kind).await.unwrap();
    let mut first = one.connection().await;
    first.run("CREATE TABLE things (name TEXT)").await.unwrap();
    first
        .run("INSERT INTO things VALUES ('one')")
        .await
        .unwrap();
    let mut second = one.connection().await;
    let names = second.texts("SELECT name FROM things").await.unwrap();
    assert_eq!(names, ["one"]);

    let mut foreign = other.connection().await;
    foreign.texts("SELECT name FROM things").await.unwrap_err();
}

#[tokio::test]
async fn every_connection_lands_in_its_own_schema_on_postgres() {
    every_connection_lands_in_it(Kind::Postgres).await;
}

#[tokio::test]
async fn every_connection_lands_in_its_own_database_on_mysql() {
    every_connection_lands_in_it(Kind::MySql).await;
}

/// Holds a lock that forbids dropping what it is in.
async fn hold(connection: &mut Connection) {
    for statement in [
        "CREATE TABLE things (name VARCHAR(9))",
        "BEGIN",
        "INSERT INTO things VALUES ('one')",
    ] {
        connection.run(statement).await.unwrap();
    }
}

async fn it_is_gone_though_connections_are_open(kind: Kind) {
    let Some(database) = Database::of(kind).await else {
        return;
    };
    let name = database.name().to_owned();
    let mut open = database.connection().await;
    hold(&mut open).await;
    assert!(exists(kind, &name).await);
    drop(database);
    assert!(!exists(kind, &name).await);
    open.run("SELECT 1").await.unwrap_err();
}

#[tokio::test]
async fn a_schema_is_gone_though_connections_are_open_on_postgres() {
    it_is_gone_though_connections_are_open(Kind::Postgres).await;
}

#[tokio::test]
async fn a_database_is_gone_though_connections_are_open_on_mysql() {
    it_is_gone_though_connections_are_open(Kind::MySql).await;
}

/// A store may name its connections as it likes.
#[tokio::test]
async fn a_schema_is_gone_though_its_connection_bears_another_name() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let mut open = database.connection().await;
    open.run("SET application_name = 'votify'").await.unwrap();
    hold(&mut open).await;
    let name = database.name().to_owned();
    drop(database);
    assert!(!exists(Kind::Postgres, &name).await);
}

async fn it_is_gone_after_a_panic(kind: Kind) {
    let Some(database) = Database::of(kind).await else {
        return;
    };
    let name = database.name().to_owned();
    let panicking = thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let mut open = database.connection().await;
            hold(&mut open).await;
            panic!("as a test does that fails");
        });
    });
    panicking.join().unwrap_err();
    assert!(!exists(kind, &name).await);
}

#[tokio::test]
async fn a_schema_is_gone_after_a_panic_on_postgres() {
    it_is_gone_after_a_panic(Kind::Postgres).await;
}

#[tokio::test]
async fn a_database_is_gone_after_a_panic_on_mysql() {
    it_is_gone_after_a_panic(Kind::MySql).await;
}

async fn only_old_leftovers_are_swept(kind: Kind) {
    let Some(young) = Database::of(kind).await else {
        return;
    };
    let url = kind.shared().unwrap();
    let old = name_given(SystemTime::now() - OLD - Duration::from_secs(60));
    let mut connection = Connection::open(kind, url.as_str()).await.unwrap();
    // The word that both know.
    let make = format!("CREATE SCHEMA {old}");
    connection.run(make).await.unwrap();
    // Another test program may sweep at the same time, and one of the two then finds it gone or locked.
    let swept = sweep(kind, &mut connection).await;
    assert!(!exists(kind, &old).await, "{swept:?}");
    assert!(exists(kind, young.name()).await);
}

#[tokio::test]
async fn only_old_leftovers_are_swept_on_postgres() {
    only_old_leftovers_are_swept(Kind::Postgres).await;
}

#[tokio::test]
async fn only_old_leftovers_are_swept_on_mysql() {
    only_old_leftovers_are_swept(Kind::MySql).await;
}

#[test]
fn only_names_that_tests_gave_hours_ago_are_left_behind() {
    let now = SystemTime::now();
    assert!(is_left(&name_given(now - 2 * OLD), now));
    assert!(is_left("votify_test_1_01234567", now));
    assert!(!is_left(&name_given(now - OLD / 2), now));
    assert!(!is_left(&name_given(now + 2 * OLD), now));
    for name in [
        "votify",
        "votify_test_",
        "votify_test_1",
        "votify_test_1_mine",
        "votify_test_x_01234567",
        "my_votify_test_1_01234567",
    ] {
        assert!(!is_left(name, now), "{name}");
    }
}
