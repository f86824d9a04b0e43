use axum::http::{HeaderMap, header};
use cookie::Cookie;
use sqlx::SqlitePool;
use uuid::Uuid;

/// The session cookie.
pub(super) const COOKIE: &str = "club_session";

/// A member of the club.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Never changes, so polls use it as the account.
    pub id: i64,
    /// May change at any time.
    pub name: String,
}

pub(crate) async fn create_tables(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    for table in [
        "CREATE TABLE IF NOT EXISTS club_members (id INTEGER PRIMARY KEY, name TEXT NOT NULL, code_hash TEXT NOT NULL UNIQUE)",
        "CREATE TABLE IF NOT EXISTS club_sessions (session_hash TEXT PRIMARY KEY, member_id INTEGER NOT NULL)",
    ] {
        sqlx::query(table).execute(pool).await?;
    }
    Ok(())
}

/// Adds a member. Returns the login code, of which only a hash is stored.
///
/// # Errors
/// If the database is unavailable. The caller may retry.
pub async fn join(pool: &SqlitePool, name: &str) -> Result<String, sqlx::Error> {
    let code = secret();
    sqlx::query("INSERT INTO club_members (name, code_hash) VALUES (?, ?)")
        .bind(name)
        .bind(hash(&code))
        .execute(pool)
        .await?;
    Ok(code)
}

/// Starts a session. Returns `None` if no member has this code.
pub(super) async fn log_in(pool: &SqlitePool, code: &str) -> Result<Option<String>, sqlx::Error> {
    let session = secret();
    let inserted = sqlx::query(
        "INSERT INTO club_sessions (session_hash, member_id) SELECT ?, id FROM club_members WHERE code_hash = ?",
    )
    .bind(hash(&session))
    .bind(hash(code))
    .execute(pool)
    .await?;
    Ok((inserted.rows_affected() == 1).then_some(session))
}

pub(super) async fn log_out(pool: &SqlitePool, headers: &HeaderMap) -> Result<(), sqlx::Error> {
    let session = session(headers).unwrap_or_default();
    let delete =
        sqlx::query("DELETE FROM club_sessions WHERE session_hash = ?").bind(hash(&session));
    delete.execute(pool).await.map(drop)
}

/// Returns the member of the session cookie.
pub(super) async fn member(
    pool: &SqlitePool,
    headers: &HeaderMap,
) -> Result<Option<Member>, sqlx::Error> {
    let Some(session) = session(headers) else {
        return Ok(None);
    };
    let found: Option<(i64, String)> = sqlx::query_as(
        "SELECT m.id, m.name FROM club_sessions s JOIN club_members m ON m.id = s.member_id WHERE s.session_hash = ?",
    )
    .bind(hash(&session))
    .fetch_optional(pool)
    .await?;
    Ok(found.map(|(id, name)| Member { id, name }))
}

pub(super) async fn names(pool: &SqlitePool) -> Result<Vec<String>, sqlx::Error> {
    let names = sqlx::query_scalar("SELECT name FROM club_members ORDER BY name");
    names.fetch_all(pool).await
}

fn session(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .find_map(|line| {
            let mut cookies = Cookie::split_parse(line).filter_map(Result::ok);
            let cookie = cookies.find(|cookie| cookie.name() == COOKIE)?;
            Some(cookie.value().to_owned())
        })
}

/// Returns 244 random bits. They cannot be guessed, so a hash without salt and stretching
/// is sufficient for storage.
fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}
