use votify_test_support::browser::run;

use crate::fleet::nginx::Nginx;
use crate::program::Server;

#[tokio::test]
async fn pages_are_live_without_upgrades() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let nginx = Nginx::without_upgrades(server.address()).await;
    run("no_upgrades", &[&server.url(""), &nginx.url()]).await;
    server.stop().await;
}
