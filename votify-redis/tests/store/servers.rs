//! Which servers a test wants.

pub(crate) use crate::private::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Single,
    #[cfg(feature = "cluster")]
    Cluster,
}

/// A server or a cluster, which a test has to itself.
pub(crate) enum Servers {
    Single(Server),
    #[cfg(feature = "cluster")]
    Cluster(Cluster),
}

impl Servers {
    /// `None`, after telling so, if there can be none here.
    pub(crate) fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Single => Server::plain().map(Self::Single),
            #[cfg(feature = "cluster")]
            Kind::Cluster => Cluster::plain().map(Self::Cluster),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Single(server) => server.url(),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.url(),
        }
    }
}
