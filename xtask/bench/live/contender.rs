use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use crate::http::Request;
use crate::load::rate;
use crate::poll::Poll;
use crate::server::Server;
use crate::socket_io::SocketIo;
use crate::steady::{Change, Pace, Steady};
use crate::usage::Used;
use crate::watch::{Carrier, Crowd, Door};

const WARM_UP: Duration = Duration::from_millis(500);
const TIME: Duration = Duration::from_secs(2);
/// The shortest that Votify can be told, so that nothing but its speed bounds what it sends.
const TICK: Duration = Duration::from_millis(1);

/// A server with a room, how it is watched and how it is changed.
#[derive(Debug)]
pub(super) struct Contender {
    pub(super) server: Server,
    door: Door,
    change: Change,
}

/// What its viewers got.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) per_second: f64,
    pub(super) used: Used,
}

impl Contender {
    /// Votify that sends as fast as it can.
    pub(super) async fn votify(carrier: Carrier, scratch: &Path) -> Result<Self> {
        Self::on(Server::library(Some(TICK), scratch)?, carrier).await
    }

    /// A new poll on a server of Votify.
    pub(super) async fn on(server: Server, carrier: Carrier) -> Result<Self> {
        let poll = Poll::create(server.address).await?;
        Ok(Self {
            door: stream_of(&poll, server.address, carrier),
            change: Change::vote_in(&poll)?,
            server,
        })
    }

    /// The bare room.
    pub(super) fn bare(carrier: Carrier, scratch: &Path) -> Result<Self> {
        let path = match carrier {
            Carrier::Events => "/room/events",
            Carrier::WebSocket | Carrier::SocketIo => "/room/stream",
        };
        Ok(Self::of_our_own(Server::bare(scratch)?, carrier, path))
    }

    /// A room that knows nothing of WebSockets.
    pub(super) fn raw(scratch: &Path) -> Result<Self> {
        let server = Server::bare(scratch)?;
        Ok(Self::of_our_own(server, Carrier::WebSocket, "/room/raw"))
    }

    pub(super) fn socket_io(socket_io: &SocketIo, scratch: &Path) -> Result<Self> {
        let server = Server::socket_io(socket_io, scratch)?;
        let path = "/socket.io/?EIO=4&transport=websocket";
        Ok(Self::of_our_own(server, Carrier::SocketIo, path))
    }

    fn of_our_own(server: Server, carrier: Carrier, path: &str) -> Self {
        Self {
            door: Door {
                address: server.address,
                carrier,
                path: path.to_owned(),
            },
            change: Change::Asked(Request::new("POST", "/room", "")),
            server,
        }
    }

    pub(super) const fn door(&self) -> &Door {
        &self.door
    }

    pub(super) const fn change(&self) -> &Change {
        &self.change
    }

    /// How many messages its viewers get while the poll changes at this pace. In the end each must have the newest state.
    pub(super) async fn deliver(&self, viewers: usize, every: Duration) -> Result<Delivered> {
        let rooms = [(self.door.clone(), self.change.clone())];
        deliver(&self.server, &rooms, viewers, every).await
    }
}

/// Where a poll is watched.
pub(crate) fn stream_of(poll: &Poll, address: SocketAddr, carrier: Carrier) -> Door {
    Door {
        address,
        carrier,
        path: format!("/api/polls/{}/stream", poll.id),
    }
}

/// The same in several rooms of a server, with so many viewers in each, and each changed at this pace.
pub(super) async fn deliver(
    server: &Server,
    rooms: &[(Door, Change)],
    viewers: usize,
    every: Duration,
) -> Result<Delivered> {
    let pace = Pace {
        every,
        connections: 1,
    };
    let mut crowds = Vec::new();
    for (door, _) in rooms {
        crowds.push(Crowd::gather(std::slice::from_ref(door), viewers).await?);
    }
    let mut changes = Vec::new();
    for (_, change) in rooms {
        changes.push(Steady::begin(server.address, change, pace).await?);
    }
    sleep(WARM_UP).await;
    let deliveries = |crowds: &[Crowd]| crowds.iter().map(Crowd::deliveries).sum::<u64>();
    let (before, usage, begun) = (
        deliveries(&crowds),
        server.usage()?,
        std::time::Instant::now(),
    );
    sleep(TIME).await;
    let delivered = deliveries(&crowds) - before;
    let (used, time) = (server.usage()?.since(&usage), begun.elapsed());
    for (changes, crowd) in changes.into_iter().zip(&mut crowds) {
        let sent = changes.end().await?;
        let last = sent.iter().map(|sent| sent.revision).max();
        crowd.all_have(last.unwrap_or_default()).await?;
    }
    Ok(Delivered {
        per_second: rate(delivered, time)?,
        used,
    })
}
