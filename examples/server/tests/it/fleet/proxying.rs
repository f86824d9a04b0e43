use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, Response};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::instances::Fleet;
use crate::api::{Api, Poll};

/// How long the stopped instance holds votes before it is killed.
const HOLD_TIME: Duration = Duration::from_millis(500);

const BALLOTS: usize = 60;

async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn origin_and_size_checks_work_behind_nginx() {
    let Some(fleet) = Fleet::open(&[]).await else {
        return;
    };
    let (client, url) = (Client::new(), fleet.nginx.url());
    let create = |origin: &str, poll: Value| {
        let request = client.post(format!("{url}/api/polls"));
        request.header("origin", origin).json(&poll).send()
    };
    let lunch = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"]});
    let own = create(&url, lunch.clone()).await.unwrap();
    assert_eq!(own.status(), 201);
    let foreign = create("http://127.0.0.1", lunch).await.unwrap();
    let expected = (403, "origin_not_allowed".to_owned());
    assert_eq!(
        code(foreign).await,
        expected,
        "another port is another origin"
    );
    let large = json!({"title": "Lunch?", "description": "a".repeat(1_600_000)});
    let large = create(&url, large).await.unwrap();
    assert_eq!(code(large).await, (413, "body_too_large".to_owned()));
    let huge = json!({"title": "Lunch?", "description": "a".repeat(2_200_000)});
    assert_eq!(
        create(&url, huge).await.unwrap().status(),
        413,
        "the response of nginx"
    );
    fleet.shutdown().await;
}

/// Number of attempts for one ballot, and the duration of the first.
struct Sent {
    times: usize,
    waited: Duration,
}

async fn send(api: &Api, poll: &Poll, with_header: bool) -> Sent {
    let ballot = Uuid::new_v4().to_string();
    let mut waited = None;
    for times in 1..20 {
        let since = Instant::now();
        let response = if with_header {
            api.cast_with_header(poll, &ballot, 0).await
        } else {
            api.cast(poll, &ballot, 0).await
        };
        let waited = *waited.get_or_insert(since.elapsed());
        match response.unwrap() {
            (200 | 201, _) => return Sent { times, waited },
            (503, problem) => {
                let body = (&problem["code"], &problem["retry_after"]);
                assert_eq!(body, (&"overloaded".into(), &1.into()));
            }
            (status, problem) => panic!("{status} {problem}"),
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("the ballot is not accepted");
}

/// SIGSTOP guarantees that the instance holds votes when it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn votes_in_flight_on_a_killed_instance_count_once() {
    let Some(mut fleet) = Fleet::open(&[]).await else {
        return;
    };
    let api = Api::with_url(&fleet.nginx.url()).clone_without_cookies();
    let poll = api.create_poll().await;
    fleet.instance(1).signal(Signal::STOP);
    let sent = |with_header: bool| {
        let all = (0..BALLOTS).map(|_| {
            let (api, poll) = (api.clone(), poll.clone());
            async move { send(&api, &poll, with_header).await }
        });
        tokio::spawn(join_all(all.collect::<Vec<_>>()))
    };
    let (with_header, without_header) = (sent(true), sent(false));
    sleep(HOLD_TIME).await;
    fleet.kill(1).await;
    let [with_header, without_header] = [with_header.await.unwrap(), without_header.await.unwrap()];

    let held = |sent: &[Sent]| {
        sent.iter()
            .filter(|one| one.waited >= HOLD_TIME / 2)
            .count()
    };
    let resent = |sent: &[Sent]| sent.iter().filter(|one| one.times > 1).count();
    let in_flight = [held(&with_header), held(&without_header)];
    eprintln!("{in_flight:?} of {BALLOTS} were in flight, with and without the header");
    assert!(
        in_flight.iter().all(|in_flight| *in_flight > 0),
        "{in_flight:?}"
    );
    assert_eq!(
        resent(&with_header),
        0,
        "nginx sends requests with Idempotency-Key to another instance"
    );
    assert!(
        resent(&without_header) > 0,
        "nginx does not resend requests without the header"
    );
    fleet.assert_exact(&poll, 2 * BALLOTS).await;

    for index in [0, 2] {
        fleet.kill(index).await;
    }
    let response = reqwest::get(format!("{}/api/polls", fleet.nginx.url()))
        .await
        .unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(code(response).await, (503, "overloaded".to_owned()));
    let ballot = Uuid::new_v4().to_string();
    let (status, problem) = api.cast_with_header(&poll, &ballot, 0).await.unwrap();
    assert_eq!((status, &problem["code"]), (503, &"overloaded".into()));
    let url = format!(
        "ws://{}/api/polls/{}/stream",
        fleet.nginx.address(),
        poll.id
    );
    let rejected = tokio_tungstenite::connect_async(url).await.unwrap_err();
    assert!(rejected.to_string().contains("503"), "{rejected}");
    fleet.shutdown().await;
}
