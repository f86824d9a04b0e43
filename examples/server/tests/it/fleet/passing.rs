use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, Response};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::instances::Fleet;
use crate::api::{Api, Poll};

/// How long an instance holds the votes that it will never answer.
const HELD: Duration = Duration::from_millis(500);

const BALLOTS: usize = 60;

async fn code(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn origins_and_sizes_are_judged_behind_nginx_as_before_it() {
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
    let told = (403, "origin_not_allowed".to_owned());
    assert_eq!(code(foreign).await, told, "another port is another origin");
    let large = json!({"title": "Lunch?", "description": "a".repeat(70_000)});
    let large = create(&url, large).await.unwrap();
    assert_eq!(code(large).await, (413, "body_too_large".to_owned()));
    let huge = json!({"title": "Lunch?", "description": "a".repeat(200_000)});
    assert_eq!(
        create(&url, huge).await.unwrap().status(),
        413,
        "nginx' own"
    );
    fleet.end().await;
}

/// How one ballot went: how often it was sent, and how long its first answer took.
struct Sent {
    times: usize,
    waited: Duration,
}

async fn send(api: &Api, poll: &Poll, under_key: bool) -> Sent {
    let ballot = Uuid::new_v4().to_string();
    let mut waited = None;
    for times in 1..20 {
        let since = Instant::now();
        let answer = if under_key {
            api.cast_under_key(poll, &ballot, 0).await
        } else {
            api.cast(poll, &ballot, 0).await
        };
        let waited = *waited.get_or_insert(since.elapsed());
        match answer.unwrap() {
            (200 | 201, _) => return Sent { times, waited },
            (503, problem) => {
                let told = (&problem["code"], &problem["retry_after"]);
                assert_eq!(told, (&"overloaded".into(), &1.into()));
            }
            (status, problem) => panic!("{status} {problem}"),
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("a ballot is not taken");
}

/// It stands still, so that it has votes in hand for certain, and is killed with them.
#[tokio::test(flavor = "multi_thread")]
async fn votes_that_a_killed_instance_had_in_hand_count_once() {
    let Some(mut fleet) = Fleet::open(&[]).await else {
        return;
    };
    let api = Api::through(&fleet.nginx.url()).forgetful();
    let poll = api.create_poll().await;
    fleet.instance(1).send(Signal::STOP);
    let sent = |under_key: bool| {
        let all = (0..BALLOTS).map(|_| {
            let (api, poll) = (api.clone(), poll.clone());
            async move { send(&api, &poll, under_key).await }
        });
        tokio::spawn(join_all(all.collect::<Vec<_>>()))
    };
    let (under_key, under_none) = (sent(true), sent(false));
    sleep(HELD).await;
    fleet.kill(1).await;
    let [under_key, under_none] = [under_key.await.unwrap(), under_none.await.unwrap()];

    let held = |sent: &[Sent]| sent.iter().filter(|one| one.waited >= HELD / 2).count();
    let again = |sent: &[Sent]| sent.iter().filter(|one| one.times > 1).count();
    let kept = [held(&under_key), held(&under_none)];
    eprintln!("{kept:?} of {BALLOTS} were in hand, with and without the header");
    assert!(kept.iter().all(|kept| *kept > 0), "{kept:?}");
    assert_eq!(again(&under_key), 0, "nginx sends them to another instance");
    assert!(again(&under_none) > 0, "and these not");
    fleet.assert_exact(&poll, 2 * BALLOTS).await;

    for index in [0, 2] {
        fleet.kill(index).await;
    }
    let answer = reqwest::get(format!("{}/api/polls", fleet.nginx.url()))
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(code(answer).await, (503, "overloaded".to_owned()));
    let ballot = Uuid::new_v4().to_string();
    let (status, problem) = api.cast_under_key(&poll, &ballot, 0).await.unwrap();
    assert_eq!((status, &problem["code"]), (503, &"overloaded".into()));
    let url = format!(
        "ws://{}/api/polls/{}/stream",
        fleet.nginx.address(),
        poll.id
    );
    let refused = tokio_tungstenite::connect_async(url).await.unwrap_err();
    assert!(refused.to_string().contains("503"), "{refused}");
    fleet.end().await;
}
