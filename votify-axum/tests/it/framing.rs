//! Requests whose body has no clear end: a proxy and the server could disagree about
//! where the next request begins (RFC 9112, 6.1 and 6.3).

use crate::app::App;
use crate::raw_client::RawClient;
use crate::server::Server;

/// A request with these framing headers, followed by a hidden one in or after its body.
fn smuggling(framing: &str) -> String {
    format!(
        "POST /api/polls HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         {framing}\r\n0\r\n\r\nGET /api/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n"
    )
}

async fn assert_one_answer(server: &Server, framing: &str) -> (u16, String) {
    let (status, response) = RawClient::exchange(server, smuggling(framing).as_bytes()).await;
    assert_eq!(response.matches("HTTP/1.1 ").count(), 1, "{response}");
    assert!(!response.contains("\"openapi\""), "{response}");
    (status, response)
}

#[tokio::test]
async fn a_transfer_coding_other_than_chunked_once_is_malformed() {
    let server = Server::start(App::new()).await;
    for framing in [
        "transfer-encoding: chunked, chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: identity, chunked\r\n",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: , chunked\r\n",
        "transfer-encoding: \r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: x, chunked\r\ncontent-length: 5\r\n",
    ] {
        let (status, response) = assert_one_answer(&server, framing).await;
        assert_eq!(status, 400, "{framing} {response}");
        assert!(response.contains("\"malformed_request\""), "{response}");
        let lower = response.to_lowercase();
        assert!(lower.contains("connection: close\r\n"), "{response}");
    }
    for framing in ["chunked", "Chunked", "\t chunked \t"] {
        let request = format!(
            "POST /api/polls HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             connection: close\r\ntransfer-encoding: {framing}\r\n\r\n\
             25\r\n{{\"title\": \"t\", \"options\": [\"a\", \"b\"]}}\r\n0\r\n\r\n"
        );
        let (status, response) = RawClient::exchange(&server, request.as_bytes()).await;
        assert_eq!(status, 201, "{framing:?} {response}");
    }
}

/// The HTTP library answers these: 400, or it reads the body as chunked and closes the
/// connection. Nothing behind the request is read in either case.
#[tokio::test]
async fn an_ambiguous_request_is_the_last_of_its_connection() {
    let server = Server::start(App::new()).await;
    for framing in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding: chunked\r\ncontent-length: x\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 5\r\n",
        "content-length: +5\r\n",
        "content-length: 0x5\r\n",
        "content-length: -1\r\n",
        "content-length: 99999999999999999999\r\n",
        "transfer-encoding: chunked, gzip\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding : chunked\r\n",
        "transfer-encoding:\u{b}chunked\r\n",
    ] {
        let (status, response) = assert_one_answer(&server, framing).await;
        assert_eq!(status, 400, "{framing} {response}");
    }
    let old = smuggling("transfer-encoding: chunked\r\n").replacen("HTTP/1.1", "HTTP/1.0", 1);
    let (status, response) = RawClient::exchange(&server, old.as_bytes()).await;
    assert_eq!(status, 400, "{response}");
}
