use std::io::ErrorKind;

use sqlx::postgres::{PgConnectOptions, PgDatabaseError};

use crate::error::Error;

/// Says which server did not let us in, and what to do; never the password.
pub(super) fn refusal(error: Error, options: &PgConnectOptions) -> Error {
    let place = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let text = match &error {
        Error::Unavailable(sqlx::Error::PoolTimedOut) => {
            format!(
                "PostgreSQL at {place} did not answer within 5 seconds; check the address and firewalls"
            )
        }
        Error::Lost(sqlx::Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            format!(
                "PostgreSQL at {place} refused the connection; check that a server is running there"
            )
        }
        Error::Driver(sqlx::Error::Database(database)) => {
            match database.try_downcast_ref::<PgDatabaseError>() {
                Some(database) => explained(database, &place, options),
                None => return error,
            }
        }
        Error::Driver(sqlx::Error::Tls(error)) => {
            format!("TLS connection to PostgreSQL at {place} failed: {error}; check sslmode")
        }
        Error::Lost(error) => format!("cannot connect to PostgreSQL at {place}: {error}"),
        _ => return error,
    };
    Error::CannotOpen(text)
}

fn explained(error: &PgDatabaseError, place: &str, options: &PgConnectOptions) -> String {
    let user = options.get_username();
    match error.code() {
        // invalid_authorization_specification, invalid_password
        "28000" | "28P01" => {
            format!(
                "PostgreSQL at {place} rejected user {user}: {}",
                error.message()
            )
        }
        // invalid_catalog_name
        "3D000" => format!(
            "PostgreSQL at {place} has no database {:?}; create it with CREATE DATABASE",
            options.get_database().unwrap_or(user)
        ),
        _ => format!(
            "PostgreSQL at {place} rejected the connection: {}",
            error.message()
        ),
    }
}
