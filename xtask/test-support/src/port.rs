use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

/// Distance between the port of a Redis Cluster node and the port of its cluster bus:
/// <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>.
const CLUSTER_BUS: u16 = 10_000;

/// Returns a port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    // Outgoing connections start from ports at or above 32768.
    find(10_000..30_000, is_free)
}

/// Returns a port that nobody listens on and whose cluster bus port is free too.
pub(crate) fn free_cluster_port() -> u16 {
    find(10_000..22_000, |port| {
        is_free(port) && is_free(port + CLUSTER_BUS)
    })
}

fn find(range: Range<u16>, is_free: impl Fn(u16) -> bool) -> u16 {
    let mut ports = (0..1000).map(|_| fastrand::u16(range.clone()));
    ports
        .find(|port| is_free(*port))
        .expect("no free port found in 1000 attempts")
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
