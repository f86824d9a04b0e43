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

/// Maximum retries of a call whose cluster slot moved or whose node was lost.
const MAX_RETRIES: u32 = 4;
/// Bounds of the delay between retries, in milliseconds. The sum stays below the default
/// timeout of a call (2 s).
const MIN_RETRY_DELAY_MS: u64 = 10;
const MAX_RETRY_DELAY_MS: u64 = 200;

/// Connections to all nodes of a cluster. Lost connections are replaced.
///
/// Unlike on a single server, the driver resends a call whose connection broke. So a call
/// may be executed twice.
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
        let replies = connection.route_command(command.clone(), routing).await?;
        let replies = HashMap::<String, T>::from_redis_value(replies);
        let replies = replies.map_err(redis::RedisError::from)?;
        Ok(replies.into_values().collect())
    }

    /// Returns a builder for further connections to the cluster's current nodes.
    ///
    /// If the nodes cannot be queried, the last known ones are used.
    pub(super) async fn builder(&self, target: &Target) -> ClusterClientBuilder {
        let mut slots = cmd("CLUSTER");
        let mut connection = self.connection.clone();
        let query = slots.arg("SLOTS").query_async(&mut connection);
        if let Ok(Ok(slots)) = tokio::time::timeout(target.timeout / 4, query).await {
            let current = seeds(target.client.get_connection_info(), &slots);
            *self.seeds.lock().unwrap_or_else(PoisonError::into_inner) = current;
        }
        let seeds = self.seeds.lock().unwrap_or_else(PoisonError::into_inner);
        builder(target, &seeds)
    }
}

fn builder(target: &Target, seeds: &[ConnectionInfo]) -> ClusterClientBuilder {
    let builder = ClusterClientBuilder::new(seeds.iter().cloned())
        .use_protocol(ProtocolVersion::RESP3)
        // The driver tries each node twice, one after the other. A node that does not
        // answer must leave time for the others.
        .connection_timeout(target.timeout / 4)
        .response_timeout(target.timeout)
        .retries(MAX_RETRIES)
        .min_retry_wait(MIN_RETRY_DELAY_MS)
        .max_retry_wait(MAX_RETRY_DELAY_MS)
        .tcp_settings(tcp_settings());
    #[cfg(feature = "tls")]
    if let Some(certificates) = &target.certificates {
        return builder.certs(certificates.clone());
    }
    builder
}

/// Returns the configured node followed by the nodes of a `CLUSTER SLOTS` reply.
///
/// The reply is a list of `[first slot, last slot, [host, port, …], [host, port, …], …]`.
/// Malformed entries are skipped.
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
        // A missing or empty host stands for the host that was queried.
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
