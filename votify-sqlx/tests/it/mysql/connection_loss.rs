use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

/// When the proxy cuts a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum CutPoint {
    /// Before the server receives the request.
    BeforeRequest = 1,
    /// After the server has replied. The client does not receive the reply.
    AfterReply = 2,
}

const NO_CUT: u8 = 0;

/// A TCP proxy to a server that cuts one connection at a request with a certain text.
pub(super) struct CuttingProxy {
    url: String,
    cut_point: Arc<AtomicU8>,
    _tasks: JoinSet<()>,
}

impl CuttingProxy {
    pub(super) async fn new(url: &str, text: &'static str) -> Self {
        let mut url: Url = url.parse().unwrap();
        let server = (
            url.host_str().unwrap().to_owned(),
            url.port().unwrap_or(3306),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        let cut_point = Arc::new(AtomicU8::new(NO_CUT));
        let shared = Arc::clone(&cut_point);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&server).await.unwrap();
                connections.spawn(forward(client, server, text, Arc::clone(&shared)));
            }
        });
        Self {
            url: url.into(),
            cut_point,
            _tasks: tasks,
        }
    }

    /// The server's URL with the proxy's address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Cuts the next connection that sends the text.
    pub(super) fn cut_next(&self, cut_point: CutPoint) {
        self.cut_point.store(cut_point as u8, Ordering::SeqCst);
    }

    pub(super) fn has_cut(&self) -> bool {
        self.cut_point.load(Ordering::SeqCst) == NO_CUT
    }
}

/// Forwards bytes in both directions until one end closes or the connection is cut.
async fn forward(
    mut client: TcpStream,
    mut server: TcpStream,
    text: &str,
    cut_point: Arc<AtomicU8>,
) {
    let (mut request, mut reply) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let Ok(length @ 1..) = read else { return };
                let request = &request[..length];
                let matches = request.windows(text.len()).any(|part| part == text.as_bytes());
                let cut = if matches { cut_point.swap(NO_CUT, Ordering::SeqCst) } else { NO_CUT };
                if cut == CutPoint::BeforeRequest as u8 || server.write_all(request).await.is_err() {
                    return;
                }
                if cut == CutPoint::AfterReply as u8 {
                    let mut packets = Vec::new();
                    while !is_complete(&packets) {
                        let Ok(length @ 1..) = server.read(&mut reply).await else { return };
                        packets.extend_from_slice(&reply[..length]);
                    }
                    return;
                }
            }
            read = server.read(&mut reply) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&reply[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Returns true if the last packet is an OK packet without further results:
/// <https://mariadb.com/kb/en/ok_packet/>.
fn is_complete(mut packets: &[u8]) -> bool {
    const MORE_RESULTS: u8 = 8;
    while let [low, middle, high, _, rest @ ..] = packets {
        let length = usize::from(*low) + (usize::from(*middle) << 8) + (usize::from(*high) << 16);
        match rest.get(..length) {
            // An OK packet with a row count of one byte and no generated id.
            Some([0, _, 0, status, ..]) if status & MORE_RESULTS == 0 => return true,
            Some(_) => packets = &rest[length..],
            None => return false,
        }
    }
    false
}
