use std::time::Duration;

use super::config::ServerConfig;
use super::server::Server;
use crate::command::run;
use crate::wait::wait_until;

/// How long the nodes may take to agree on the cluster's state.
const AGREE_LIMIT: Duration = Duration::from_secs(60);

/// A private cluster of three nodes without replicas.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    /// Starts a cluster without password and persistence.
    ///
    /// Returns `None`, and reports the skip, if the programs are missing and
    /// `VOTIFY_TEST_REDIS_URL` is not set.
    #[must_use]
    pub fn new() -> Option<Self> {
        Self::with_config(&ServerConfig::new())
    }

    /// Starts a cluster of servers with this configuration.
    ///
    /// Returns `None`, and reports the skip, as [`new`](Self::new) does.
    ///
    /// # Panics
    /// Panics with a node's log if the cluster does not start.
    #[must_use]
    pub fn with_config(config: &ServerConfig) -> Option<Self> {
        let config = config.clone().cluster();
        let mut nodes = vec![Server::with_config(config.clone())?];
        let config = config.certificates(nodes[0].certificates());
        for _ in 1..3 {
            nodes.push(Server::with_config(config.clone())?);
        }
        let cluster = Self { nodes };
        let addresses = cluster.nodes.iter();
        let addresses = addresses.map(|node| format!("127.0.0.1:{}", node.port()));
        let mut create = cluster.nodes[0].client();
        create.args(["--cluster", "create"]).args(addresses);
        run(create.args(["--cluster-replicas", "0", "--cluster-yes"]));
        cluster.wait_until_complete();
        Some(cluster)
    }

    /// The URL of the first node.
    #[must_use]
    pub fn url(&self) -> String {
        self.nodes[0].url()
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// Returns the node at an index.
    pub fn node(&mut self, index: usize) -> &mut Server {
        &mut self.nodes[index]
    }

    /// Returns the index of the node that serves a key or a sharded channel.
    #[must_use]
    pub fn owner_of(&self, key: &str) -> usize {
        let slot = self.nodes[0].cli(&["CLUSTER", "KEYSLOT", key]);
        let slot: u16 = slot.trim().parse().unwrap();
        let serves = |node: &Server| {
            let nodes = node.cli(&["CLUSTER", "NODES"]);
            let own = nodes.lines().find(|line| line.contains("myself")).unwrap();
            // `id address flags master sent received epoch state first-last …`
            own.split(' ').skip(8).any(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                let range = first.parse::<u16>().ok().zip(last.parse().ok());
                range.is_some_and(|(first, last)| (first..=last).contains(&slot))
            })
        };
        self.nodes.iter().position(serves).unwrap()
    }

    /// Waits until every node reports that all slots are served, for example after a node
    /// was restarted.
    ///
    /// # Panics
    /// Panics if the nodes do not agree within 60 s.
    pub fn wait_until_complete(&self) {
        let complete = wait_until(AGREE_LIMIT, || {
            self.nodes.iter().all(|node| {
                let info = node.cli(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            })
        });
        if !complete {
            self.nodes[0].fail("the nodes of the cluster do not agree");
        }
    }

    /// Ends the connections of all clients on all nodes.
    pub fn end_all_connections(&self) {
        self.nodes.iter().for_each(Server::end_all_connections);
    }

    /// Deletes all data.
    pub fn flush(&self) {
        self.nodes.iter().for_each(Server::flush);
    }
}
