//! A compared room: its server, its stream, and the request that changes it.

use std::net::SocketAddr;
use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use crate::constant_rate::{Change, ConstantRate, RateSchedule};
use crate::http::Request;
use crate::load::per_second;
use crate::poll::Poll;
use crate::server::Server;
use crate::socket_io::SocketIo;
use crate::usage::UsageDelta;
use crate::watch::{Endpoint, Transport, ViewerPool};

const WARM_UP: Duration = Duration::from_millis(500);
const TIME: Duration = Duration::from_secs(2);
/// The shortest interval that Votify accepts, so that only its speed limits the
/// deliveries.
const UPDATE_INTERVAL: Duration = Duration::from_millis(1);

/// A server with one room.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) server: Server,
    pub(super) endpoint: Endpoint,
    pub(super) change: Change,
}

/// The messages that all viewers received.
#[derive(Debug)]
pub(super) struct Deliveries {
    pub(super) per_second: f64,
    pub(super) used: UsageDelta,
}

impl Subject {
    /// Votify as a library, with the shortest update interval.
    pub(super) async fn votify(scratch: &Path) -> Result<Self> {
        Self::new_poll(Server::library(Some(UPDATE_INTERVAL), scratch)?).await
    }

    /// A new poll on a Votify server.
    pub(super) async fn new_poll(server: Server) -> Result<Self> {
        let poll = Poll::create(server.address).await?;
        Ok(Self {
            endpoint: stream_of(&poll, server.address, Transport::WebSocket),
            change: Change::vote_in(&poll)?,
            server,
        })
    }

    /// The baseline room with 2 KiB buffers, as large as Votify's.
    pub(super) fn baseline(scratch: &Path) -> Result<Self> {
        let server = Server::baseline(scratch)?;
        Ok(Self::other(server, Transport::WebSocket, "/room/stream/2"))
    }

    /// The baseline room with 4 KiB buffers.
    pub(super) fn baseline_with_4_kib(scratch: &Path) -> Result<Self> {
        let server = Server::baseline(scratch)?;
        Ok(Self::other(server, Transport::WebSocket, "/room/stream/4"))
    }

    /// A room that writes prepared frames without a WebSocket implementation.
    pub(super) fn raw(scratch: &Path) -> Result<Self> {
        let server = Server::baseline(scratch)?;
        Ok(Self::other(server, Transport::WebSocket, "/room/raw"))
    }

    pub(super) fn socket_io(socket_io: &SocketIo, scratch: &Path) -> Result<Self> {
        let server = Server::socket_io(socket_io, scratch)?;
        let path = "/socket.io/?EIO=4&transport=websocket";
        Ok(Self::other(server, Transport::SocketIo, path))
    }

    fn other(server: Server, transport: Transport, path: &str) -> Self {
        Self {
            endpoint: Endpoint {
                address: server.address,
                transport,
                path: path.to_owned(),
            },
            change: Change::Fixed(Request::new("POST", "/room", "")),
            server,
        }
    }

    /// Counts the deliveries to `viewers` viewers while the room changes every
    /// `interval`. At the end each viewer must have received the newest revision.
    pub(super) async fn deliver(&self, viewers: usize, interval: Duration) -> Result<Deliveries> {
        let schedule = RateSchedule {
            interval,
            connections: 1,
        };
        let mut pool = ViewerPool::connect(slice::from_ref(&self.endpoint), viewers).await?;
        let changes = ConstantRate::start(self.server.address, &self.change, schedule).await?;
        sleep(WARM_UP).await;
        let (before, usage, start) = (pool.deliveries(), self.server.usage()?, Instant::now());
        sleep(TIME).await;
        let delivered = pool.deliveries() - before;
        let (used, time) = (self.server.usage()?.since(&usage), start.elapsed());
        let sent = changes.stop().await?;
        let last = sent.iter().map(|change| change.revision).max();
        pool.wait_for_revision(last.unwrap_or_default()).await?;
        Ok(Deliveries {
            per_second: per_second(delivered, time)?,
            used,
        })
    }
}

/// Returns the stream of a poll.
pub(crate) fn stream_of(poll: &Poll, address: SocketAddr, transport: Transport) -> Endpoint {
    Endpoint {
        address,
        transport,
        path: format!("/api/polls/{}/stream", poll.id),
    }
}
