use super::{Cluster, Server};

/// A [`Server`] or a [`Cluster`], to which clients connect by a URL.
pub trait Url: Send + Sync {
    /// Returns the URL. A restart does not change it.
    fn url(&self) -> String;
}

impl Url for Server {
    fn url(&self) -> String {
        Self::url(self)
    }
}

impl Url for Cluster {
    fn url(&self) -> String {
        Self::url(self)
    }
}
