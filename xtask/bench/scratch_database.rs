//! A temporary database for one figure: a schema on PostgreSQL, a database on MySQL.

mod mysql;
mod postgres;

use anyhow::{Context, Result, anyhow, bail};
use tokio::signal::ctrl_c;
use url::Url;
use uuid::Uuid;

use crate::database::DatabaseKind;

/// A temporary database. Every connection made with its URL uses it.
pub(crate) struct ScratchDatabase {
    pub(crate) kind: DatabaseKind,
    server: Url,
    name: String,
    url: Url,
}

impl ScratchDatabase {
    /// Creates a database, runs `work` and drops the database, even if `work` fails or
    /// Ctrl-C is pressed.
    ///
    /// # Errors
    /// If the database cannot be created or dropped, or `work` fails.
    pub(crate) async fn with<T>(
        kind: DatabaseKind,
        work: impl AsyncFnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let database = Self::create(kind, kind.server_url()?)
            .await
            .with_context(|| format!("cannot use the {} server", kind.name()))?;
        let result = tokio::select! {
            result = work(&database) => result,
            _ = ctrl_c() => Err(anyhow!("interrupted")),
        };
        let dropped = database.drop_database().await;
        let value = result?;
        dropped.with_context(|| format!("cannot drop {}; drop it by hand", database.name))?;
        Ok(value)
    }

    /// Returns the URL for stores and servers. It may contain a password.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the server's version and its durability settings.
    ///
    /// # Errors
    /// If the server cannot be queried.
    pub(crate) async fn describe(&self) -> Result<String> {
        Ok(match self.kind {
            DatabaseKind::Postgres => postgres::describe(self.url()).await?,
            DatabaseKind::MySql => mysql::describe(self.url()).await?,
        })
    }

    /// Updates the statistics of all tables, as a server does by itself after a while.
    ///
    /// # Errors
    /// If the server cannot be queried.
    pub(crate) async fn analyze(&self) -> Result<()> {
        match self.kind {
            DatabaseKind::Postgres => postgres::analyze(self.url(), &self.name).await?,
            DatabaseKind::MySql => bail!("not supported on MySQL"),
        }
        Ok(())
    }

    async fn create(kind: DatabaseKind, server: Url) -> Result<Self> {
        let name = format!("votify_bench_{}", Uuid::now_v7().simple());
        let mut url = server.clone();
        match kind {
            DatabaseKind::Postgres => {
                postgres::create(server.as_str(), &name).await?;
                postgres::set_search_path(&mut url, &name);
            }
            DatabaseKind::MySql => {
                mysql::create(server.as_str(), &name).await?;
                url.set_path(&name);
            }
        }
        Ok(Self {
            kind,
            server,
            name,
            url,
        })
    }

    async fn drop_database(&self) -> Result<()> {
        let server = self.server.as_str();
        match self.kind {
            DatabaseKind::Postgres => postgres::drop_schema(server, &self.name).await?,
            DatabaseKind::MySql => mysql::drop_database(server, &self.name).await?,
        }
        Ok(())
    }
}
