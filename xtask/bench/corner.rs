//! A corner of a database server for one figure: a schema of its own on PostgreSQL, a database of its own on MySQL.

mod mysql;
mod postgres;

use anyhow::{Context, Result, anyhow};
use tokio::signal::ctrl_c;
use url::Url;
use uuid::Uuid;

use crate::kind::Kind;

/// Every connection made with its URL lands in it.
pub(crate) struct Corner {
    pub(crate) kind: Kind,
    server: Url,
    name: String,
    url: Url,
}

impl Corner {
    /// Makes a corner for some work, and removes it afterwards: also if the work fails or is interrupted from the keyboard.
    ///
    /// # Errors
    /// If it cannot be made or removed, or the work fails.
    pub(crate) async fn lend<T>(
        kind: Kind,
        work: impl AsyncFnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let corner = Self::make(kind, kind.server()?)
            .await
            .with_context(|| format!("cannot use the {} server", kind.name()))?;
        let done = tokio::select! {
            done = work(&corner) => done,
            _ = ctrl_c() => Err(anyhow!("interrupted")),
        };
        let removed = corner.remove().await;
        let done = done?;
        removed.with_context(|| format!("{} stays behind", corner.name))?;
        Ok(done)
    }

    /// For stores and servers. It may hold a password.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// What the server is, and what a commit on it survives, in words.
    ///
    /// # Errors
    /// If it does not answer.
    pub(crate) async fn settings(&self) -> Result<String> {
        Ok(match self.kind {
            Kind::Postgres => postgres::settings(self.url()).await?,
            Kind::MySql => mysql::settings(self.url()).await?,
        })
    }

    async fn make(kind: Kind, server: Url) -> Result<Self> {
        let name = format!("votify_bench_{}", Uuid::now_v7().simple());
        let mut url = server.clone();
        match kind {
            Kind::Postgres => {
                postgres::make(server.as_str(), &name).await?;
                postgres::enter(&mut url, &name);
            }
            Kind::MySql => {
                mysql::make(server.as_str(), &name).await?;
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

    async fn remove(&self) -> Result<()> {
        let server = self.server.as_str();
        match self.kind {
            Kind::Postgres => postgres::remove(server, &self.name).await?,
            Kind::MySql => mysql::remove(server, &self.name).await?,
        }
        Ok(())
    }
}
