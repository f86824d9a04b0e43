use futures_util::StreamExt;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::api::{Api, Events};
use crate::program::Server;

#[tokio::test]
async fn votes_reach_sockets_and_event_streams() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let (alice, bob) = (Api::new(&server), Api::new(&server));
    let poll = alice.create_poll().await;
    let url = format!("ws://{}/api/polls/{}/stream", server.address(), poll.id);
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut events = Events::open(&bob, &poll).await;

    assert_eq!(alice.vote(&poll, 0).await.0, 201);
    let (status, body) = bob.vote(&poll, 1).await;
    assert_eq!((status, &body["total_votes"]), (201, &Value::from(2)));
    assert_eq!(
        alice.vote(&poll, 1).await.0,
        409,
        "a second vote is rejected"
    );

    let mut revision = 0;
    loop {
        let Message::Text(text) = socket.next().await.unwrap().unwrap() else {
            continue;
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(message["type"], "poll_updated");
        assert!(
            message["revision"].as_u64().unwrap() >= revision,
            "{message}"
        );
        revision = message["revision"].as_u64().unwrap();
        if revision == 2 {
            assert_eq!(
                (
                    &message["options"][0]["count"],
                    &message["options"][1]["count"]
                ),
                (&1.into(), &1.into())
            );
            break;
        }
    }
    while events.next().await.unwrap()["total_votes"] != 2 {}
    assert_eq!(alice.counts(&poll).await, [1, 1]);
    server.stop().await;
}
