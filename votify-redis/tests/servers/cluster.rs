use std::time::Duration;

use super::patience::holds_within;
use super::programs::run;
use super::server::Server;
use super::setup::Setup;

/// What nodes may take to agree.
const LIMIT: Duration = Duration::from_secs(60);

/// A cluster of three nodes without replicas, which a test has to itself.
pub(crate) struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    /// `None`, after telling so, only if its programs are missing and `VOTIFY_TEST_REDIS_URL` is not set.
    pub(crate) fn plain() -> Option<Self> {
        Self::of(&Setup::new())
    }

    /// # Panics
    /// If it cannot be started, with what a node said.
    pub(crate) fn of(setup: &Setup) -> Option<Self> {
        let setup = setup.clone().cluster();
        let mut nodes = vec![Server::of(setup.clone())?];
        let setup = setup.certificates(nodes[0].certificates());
        for _ in 1..3 {
            nodes.push(Server::of(setup.clone())?);
        }
        let cluster = Self { nodes };
        let addresses = cluster.nodes.iter();
        let addresses = addresses.map(|node| format!("127.0.0.1:{}", node.port()));
        let mut create = cluster.nodes[0].client();
        create.args(["--cluster", "create"]).args(addresses);
        run(create.args(["--cluster-replicas", "0", "--cluster-yes"]));
        cluster.wait_until_whole();
        Some(cluster)
    }

    /// Of its first node.
    pub(crate) fn url(&self) -> String {
        self.nodes[0].url()
    }

    pub(crate) fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    pub(crate) fn node(&mut self, index: usize) -> &mut Server {
        &mut self.nodes[index]
    }

    /// The index of the node that holds a key, or hears a sharded channel.
    pub(crate) fn holder_of(&self, key: &str) -> usize {
        let slot = self.nodes[0].cli(&["CLUSTER", "KEYSLOT", key]);
        let slot: u16 = slot.trim().parse().unwrap();
        let holds = |node: &Server| {
            let nodes = node.cli(&["CLUSTER", "NODES"]);
            let own = nodes.lines().find(|line| line.contains("myself")).unwrap();
            // `id address flags master sent received epoch state first-last …`
            own.split(' ').skip(8).any(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                let range = first.parse::<u16>().ok().zip(last.parse().ok());
                range.is_some_and(|(first, last)| (first..=last).contains(&slot))
            })
        };
        self.nodes.iter().position(holds).unwrap()
    }

    /// Waits until every node thinks that all slots are served, as they do some time after a node is back.
    pub(crate) fn wait_until_whole(&self) {
        let whole = holds_within(LIMIT, || {
            self.nodes.iter().all(|node| {
                let info = node.cli(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            })
        });
        if !whole {
            self.nodes[0].fail("the nodes do not agree");
        }
    }

    /// Ends the connections of all clients on all nodes.
    pub(crate) fn end_all_connections(&self) {
        self.nodes.iter().for_each(Server::end_all_connections);
    }

    /// Forgets all data.
    pub(crate) fn flush(&self) {
        self.nodes.iter().for_each(Server::flush);
    }
}
