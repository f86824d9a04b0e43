use std::io::ErrorKind;

use sqlx::postgres::{PgConnectOptions, PgDatabaseError};

use crate::error::Error;

/// Describes a failed connection: the server and what to do, without the password.
pub(super) fn describe(error: Error, options: &PgConnectOptions) -> Error {
    let server = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let text = match &error {
        Error::Unavailable(sqlx::Error::PoolTimedOut) => {
            format!(
                "PostgreSQL at {server} did not answer within 5 seconds; check the address and firewalls"
            )
        }
        Error::ConnectionLost(sqlx::Error::Io(error))
            if error.kind() == ErrorKind::ConnectionRefused =>
        {
            format!(
                "PostgreSQL at {server} refused the connection; check that a server is running there"
            )
        }
        Error::Rejected(sqlx::Error::Database(database))
        | Error::Driver(sqlx::Error::Database(database)) => {
            match database.try_downcast_ref::<PgDatabaseError>() {
                Some(database) => describe_rejection(database, &server, options),
                None => return error,
            }
        }
        Error::Rejected(sqlx::Error::Tls(error)) => {
            format!("TLS connection to PostgreSQL at {server} failed: {error}; check sslmode")
        }
        Error::ConnectionLost(error) => {
            format!("cannot connect to PostgreSQL at {server}: {error}")
        }
        _ => return error,
    };
    Error::Connect(text)
}

fn describe_rejection(error: &PgDatabaseError, server: &str, options: &PgConnectOptions) -> String {
    let user = options.get_username();
    match error.code() {
        // invalid_authorization_specification, invalid_password
        "28000" | "28P01" => {
            format!(
                "PostgreSQL at {server} rejected user {user}: {}",
                error.message()
            )
        }
        // invalid_catalog_name
        "3D000" => format!(
            "PostgreSQL at {server} has no database {:?}; create it with CREATE DATABASE",
            options.get_database().unwrap_or(user)
        ),
        _ => format!(
            "PostgreSQL at {server} rejected the connection: {}",
            error.message()
        ),
    }
}
