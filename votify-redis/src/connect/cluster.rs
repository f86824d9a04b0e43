use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue, ProtocolVersion, Value, cmd};

use super::connection::Connection;
use super::target::{Target, tcp_settings};
use crate::error::Error;

/// How often a call is sent anew, where a slot has moved or its node was lost.
const RETRIES: u32 = 4;
/// The pauses between, in milliseconds.
const SHORTEST_PAUSE: u64 = 10;
const LONGEST_PAUSE: u64 = 200;

/// Connections to all nodes of a cluster, made anew when they are lost.
///
/// Unlike on one server, a call whose connection broke is sent again: what it does may be done twice.
pub(super) struct Cluster {
    connection: ClusterConnection,
    seeds: Mutex<Vec<ConnectionInfo>>,
}

impl Cluster {
    pub(super) async fn open(
        target: &Target,
        mut node: MultiplexedConnection,
    ) -> Result<Self, Error> {
        let own = target.client.get_connection_info();
        let mut slots = cmd("CLUSTER");
        let slots: Value = slots.arg("SLOTS").query_async(&mut node).await?;
        let seeds = seeds(own, &slots);
        let client = builder(target, &seeds).build()?;
        Ok(Self {
            connection: client.get_async_connection().await?,
            seeds: Mutex::new(seeds),
        })
    }

    pub(super) fn connection(&self) -> Connection {
        Connection::Cluster(self.connection.clone())
    }

    pub(super) async fn run_on_masters<T: FromRedisValue>(
        &self,
        command: &Cmd,
    ) -> Result<Vec<T>, Error> {
        let routing = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let mut connection = self.connection.clone();
        let answers = connection.route_command(command.clone(), routing).await?;
        let answers = HashMap::<String, T>::from_redis_value(answers);
        let answers = answers.map_err(redis::RedisError::from)?;
        Ok(answers.into_values().collect())
    }

    /// Something that makes further connections, to whatever nodes the cluster has now as far as they can be asked.
    pub(super) async fn builder(&self, target: &Target) -> ClusterClientBuilder {
        let mut slots = cmd("CLUSTER");
        let mut connection = self.connection.clone();
        let asked = slots.arg("SLOTS").query_async(&mut connection);
        if let Ok(Ok(slots)) = tokio::time::timeout(target.timeout / 4, asked).await {
            let found = seeds(target.client.get_connection_info(), &slots);
            *self.seeds.lock().unwrap_or_else(PoisonError::into_inner) = found;
        }
        let seeds = self.seeds.lock().unwrap_or_else(PoisonError::into_inner);
        builder(target, &seeds)
    }
}

fn builder(target: &Target, seeds: &[ConnectionInfo]) -> ClusterClientBuilder {
    let builder = ClusterClientBuilder::new(seeds.iter().cloned())
        .use_protocol(ProtocolVersion::RESP3)
        // Whoever connects waits for each, twice: one that does not answer must leave time for the others.
        .connection_timeout(target.timeout / 4)
        .response_timeout(target.timeout)
        .retries(RETRIES)
        .min_retry_wait(SHORTEST_PAUSE)
        .max_retry_wait(LONGEST_PAUSE)
        .tcp_settings(tcp_settings());
    #[cfg(feature = "tls")]
    if let Some(certificates) = &target.certificates {
        return builder.certs(certificates.clone());
    }
    builder
}

/// The node that was named, and those that it names, in the answer to `CLUSTER SLOTS`: a list of
/// `[first slot, last slot, [host, port, …], [host, port, …], …]`. What cannot be read is left out.
fn seeds(own: &ConnectionInfo, slots: &Value) -> Vec<ConnectionInfo> {
    let (own_host, own_port) = match own.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            (host.as_str(), *port)
        }
        _ => return vec![own.clone()],
    };
    let mut found = BTreeSet::new();
    let ranges = slots.as_sequence().unwrap_or_default();
    let nodes = ranges
        .iter()
        .flat_map(|range| range.as_sequence().unwrap_or_default().iter().skip(2));
    for node in nodes {
        let Some([host, port, ..]) = node.as_sequence() else {
            continue;
        };
        let host = Option::<String>::from_redis_value_ref(host).unwrap_or_default();
        // None, or an empty one: the host that was asked.
        let host = host.filter(|host| !host.is_empty());
        if let Ok(port) = u16::from_redis_value_ref(port) {
            found.insert((host.unwrap_or_else(|| own_host.to_owned()), port));
        }
    }
    found.remove(&(own_host.to_owned(), own_port));
    let mut seeds = vec![own.clone()];
    seeds.extend(found.into_iter().map(|(host, port)| {
        let addr = match own.addr().clone() {
            ConnectionAddr::TcpTls {
                insecure,
                tls_params,
                ..
            } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure,
                tls_params,
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        own.clone().set_addr(addr)
    }));
    seeds
}
