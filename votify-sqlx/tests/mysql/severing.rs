use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

/// When a connection is severed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum When {
    /// Before the server hears of the words.
    Before = 1,
    /// After it has answered them, which nobody hears of.
    After = 2,
}

const NEVER: u8 = 0;

/// A way to a server that severs one connection at certain words.
pub(crate) struct Severing {
    url: String,
    when: Arc<AtomicU8>,
    _tasks: JoinSet<()>,
}

impl Severing {
    pub(crate) async fn new(url: &str, words: &'static str) -> Self {
        let mut url: Url = url.parse().unwrap();
        let server = (
            url.host_str().unwrap().to_owned(),
            url.port().unwrap_or(3306),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        let when = Arc::new(AtomicU8::new(NEVER));
        let severing = Arc::clone(&when);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let far = TcpStream::connect(&server).await.unwrap();
                connections.spawn(pass(near, far, words, Arc::clone(&severing)));
            }
        });
        Self {
            url: url.into(),
            when,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Severs the next connection on which the words are said.
    pub(crate) fn sever_next(&self, when: When) {
        self.when.store(when as u8, Ordering::SeqCst);
    }

    pub(crate) fn has_severed(&self) -> bool {
        self.when.load(Ordering::SeqCst) == NEVER
    }
}

/// Passes on what either end says, until one of them is gone or the connection is severed.
async fn pass(mut near: TcpStream, mut far: TcpStream, words: &str, when: Arc<AtomicU8>) {
    let (mut said, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = near.read(&mut said) => {
                let Ok(length @ 1..) = read else { return };
                let said = &said[..length];
                let is_said = said.windows(words.len()).any(|part| part == words.as_bytes());
                let now = if is_said { when.swap(NEVER, Ordering::SeqCst) } else { NEVER };
                if now == When::Before as u8 || far.write_all(said).await.is_err() {
                    return;
                }
                if now == When::After as u8 {
                    let mut all = Vec::new();
                    while !is_answered(&all) {
                        let Ok(length @ 1..) = far.read(&mut answered).await else { return };
                        all.extend_from_slice(&answered[..length]);
                    }
                    return;
                }
            }
            read = far.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if near.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Whether the last packet is an OK behind which no other comes: <https://mariadb.com/kb/en/ok_packet/>.
fn is_answered(mut packets: &[u8]) -> bool {
    const MORE_RESULTS: u8 = 8;
    while let [low, middle, high, _, rest @ ..] = packets {
        let length = usize::from(*low) + (usize::from(*middle) << 8) + (usize::from(*high) << 16);
        match rest.get(..length) {
            // Of no more rows than one byte tells, and without a number that was made up.
            Some([0, _, 0, status, ..]) if status & MORE_RESULTS == 0 => return true,
            Some(_) => packets = &rest[length..],
            None => return false,
        }
    }
    false
}
