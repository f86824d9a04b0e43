use crate::browser::Browser;
use crate::response_memory::{MIB, app, counted, create_large_poll, read, unread};

#[tokio::test]
async fn four_hundred_unread_lists_share_their_polls() {
    let app = app(64, 8);
    let mut owner = Browser::new(&app);
    for _ in 0..20 {
        create_large_poll(&mut owner).await;
    }
    let path = "/api/polls?include=options&limit=20";
    let mut held = Vec::new();
    for n in 0..400 {
        let address = format!("192.0.2.{}", n % 4);
        let response = unread(&app, &address, path).await;
        assert_eq!(response.status(), 200);
        held.push(response);
    }
    let size = read(held.pop().unwrap()).await.text.len();
    let counted_bytes = counted(&app).await;
    assert!(
        counted_bytes <= size && counted_bytes > 500_000,
        "{counted_bytes} of {size}"
    );
    drop(held);
    assert_eq!(counted(&app).await, 0);
}

/// Every path is a list of its own with the same polls.
#[tokio::test]
async fn lists_of_one_request_each_are_limited() {
    let app = app(64, 8);
    let mut owner = Browser::new(&app);
    for _ in 0..20 {
        create_large_poll(&mut owner).await;
    }
    let words = [
        "lunch",
        "lunc",
        "lun",
        "lu",
        "l",
        "lunch+lun",
        "lunch+l",
        "lun+l",
        "lu+l",
    ];
    let (mut held, mut rejected) = (Vec::new(), 0);
    for word in words {
        for sort in ["newest", "closing", "trending"] {
            let path = format!("/api/polls?include=options&q={word}&sort={sort}");
            let response = unread(&app, "192.0.2.1", &path).await;
            match response.status().as_u16() {
                200 => held.push(response),
                429 => rejected += 1,
                status => panic!("{status}"),
            }
        }
    }
    let used = counted(&app).await;
    assert!(used > 7 * MIB && used <= 8 * MIB, "{used}");
    assert!(held.len() > 10 && rejected > 5, "{} {rejected}", held.len());
    drop(held);
    assert_eq!(counted(&app).await, 0);
}
