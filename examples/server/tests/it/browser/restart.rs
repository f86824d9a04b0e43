use rustix::process::Signal;
use votify_test_support::browser::Script;

use crate::program::{SERVE, Server, start, start_with};

/// Index of the address in [`SERVE`].
const LISTEN: usize = 2;

#[tokio::test]
async fn an_open_page_survives_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Some(start(directory.path(), &[]).await);
    let url = server.as_ref().unwrap().url("");
    let address = url.strip_prefix("http://").unwrap().to_owned();
    let mut script = Script::start("restart", &[&url]);
    while let Some(command) = script.next_command().await {
        match &*command {
            "stop" => server.take().unwrap().stop().await,
            "kill" => {
                let server: Server = server.take().unwrap();
                server.signal(Signal::KILL);
                server.wait().await;
            }
            "start" => {
                let mut arguments = SERVE;
                arguments[LISTEN] = &address;
                server = Some(start_with(directory.path(), &arguments, &[]).await);
            }
            _ => panic!("unknown command {command}"),
        }
        script.respond("done").await;
    }
    script.finish().await;
    server.unwrap().stop().await;
}
