use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::api::{Api, Events, viewers};
use crate::program::{SERVE, Server, run, votify};

/// Opens connections that send incomplete requests or never read.
async fn stuck_clients(server: &Server, poll: &str) -> Vec<TcpStream> {
    let head = format!(
        "POST /api/polls/{poll}/vote HTTP/1.1\r\nhost: {}\r\n",
        server.address()
    );
    let with_body =
        format!("{head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{{");
    let stream = format!(
        "GET /api/polls/{poll}/stream HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n\r\n",
        server.address()
    );
    let mut clients = Vec::new();
    for sent in ["", "GET /api/po", &head, &with_body, &stream] {
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        client.write_all(sent.as_bytes()).await.unwrap();
        clients.push(client);
    }
    clients
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_running_requests_and_ignores_stuck_clients() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    let stuck = stuck_clients(&server, &poll.id).await;
    let url = format!("ws://{}/api/polls/{}/stream", server.address(), poll.id);
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut events = Events::open(&api, &poll).await;

    let voters: Vec<_> = (0..16)
        .map(|_| {
            let (api, poll) = (api.clone(), poll.clone());
            tokio::spawn(async move {
                let mut counted = Vec::new();
                loop {
                    let ballot = Uuid::new_v4().to_string();
                    match api.cast(&poll, &ballot, 0).await {
                        Ok((201, _)) => counted.push(ballot),
                        Ok((503, _)) | Err(_) => return counted,
                        other => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    while api.counts(&poll).await[0] < 100 {}

    let begun = Instant::now();
    server.signal(Signal::TERM);
    let exit = server.wait().await;
    let took = begun.elapsed();
    assert_eq!(exit.code(), 0, "{exit:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    drop(stuck);

    let mut reason = None;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(frame) = message {
            reason = frame;
        }
    }
    assert!(
        reason
            .as_ref()
            .is_some_and(|frame| !frame.reason.is_empty()),
        "{reason:?}"
    );
    while events.next().await.is_some() {}

    let mut counted = Vec::new();
    for voter in voters {
        counted.extend(voter.await.unwrap());
    }
    assert!(counted.len() >= 100 - 16, "{}", counted.len());
    let server = Server::start(directory.path(), &[]).await;
    let api = api.at(&server);
    assert!(api.counts(&poll).await[0] >= u64::try_from(counted.len()).unwrap());
    for ballot in &counted {
        assert_eq!(
            api.cast(&poll, ballot, 0).await.unwrap().0,
            200,
            "an acknowledged vote is lost"
        );
    }
    server.stop().await;
    assert_eq!(
        run(&mut votify(directory.path(), &["verify", &poll.id]))
            .await
            .code(),
        0
    );
}

#[tokio::test]
async fn an_idle_server_stops_immediately() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let mut idle = TcpStream::connect(server.address()).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert_ne!(idle.read(&mut [0; 1024]).await.unwrap(), 0);
    server.signal(Signal::TERM);
    let exit = server.wait().await;
    assert_eq!(exit.code(), 0);
    assert!(
        exit.stderr.contains("stopped") && !exit.stderr.contains("cut_off"),
        "{exit:?}"
    );
}

/// Waits for the close frame of a WebSocket. Returns its arrival and its code.
async fn close_frame(server: &Server, poll: &str) -> (Instant, u16) {
    let url = format!("ws://{}/api/polls/{poll}/stream", server.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => {
                assert_eq!(&*frame.reason, "the server is shutting down");
                return (Instant::now(), frame.code.into());
            }
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_are_disconnected_gradually() {
    const VIEWERS: usize = 300;
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    let closing = (0..VIEWERS).map(|_| close_frame(&server, &poll.id));
    let closing = futures_util::future::join_all(closing);
    let mut events = Events::open(&api, &poll).await;
    let mut retries = 0;
    let listening = async {
        while let Some(line) = events.next_line().await {
            retries += usize::from(line.starts_with("retry: "));
        }
    };
    let stopping = async {
        while viewers(&server).await < VIEWERS + 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server.signal(Signal::TERM);
    };
    let (frames, (), ()) = tokio::join!(closing, listening, stopping);
    assert!(frames.iter().all(|(_, code)| *code == 1001));
    let (first, last) = (
        frames.iter().map(|(at, _)| *at).min(),
        frames.iter().map(|(at, _)| *at).max(),
    );
    let spread = last.unwrap() - first.unwrap();
    // The server closes one stream every 2 ms.
    assert!(spread >= Duration::from_millis(500), "{spread:?}");
    assert_eq!(retries, 2, "one at the start, one before the reconnect");
    let exit = server.wait().await;
    assert_eq!(exit.code(), 0, "{exit:?}");
    assert!(!exit.stderr.contains("cut_off"), "{exit:?}");
}

#[tokio::test]
async fn a_closed_log_pipe_does_not_affect_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = votify(directory.path(), &SERVE);
    command.args(["--store", "memory:"]).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = output.next_line().await.unwrap().unwrap();
    let url = ready.strip_prefix("listening on ").unwrap();
    drop(reader);

    let response = reqwest::get(format!("{url}/healthz")).await.unwrap();
    assert_eq!(response.status(), 200);
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    // The shutdown writes two log lines.
    kill_process(pid, Signal::TERM).unwrap();
    let exit = timeout(Duration::from_secs(60), child.wait()).await;
    let status = exit.expect("the server does not stop").unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
}
