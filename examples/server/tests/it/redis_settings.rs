//! Error lines for an unusable Redis.

use crate::program::run_with_secret;
use votify_test_support::redis::{Server, ServerConfig};

const SETTINGS: [&str; 4] = ["--store", "--broadcast", "--cache", "--limits"];

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_redis_is_reported_in_one_line_without_the_password() {
    let Some(mut redis) = Server::with_config(ServerConfig::new().password("open-sesame")) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let wrong = redis.url().replace("open-sesame", "hunter2");
    let none = redis.url().replace(":open-sesame@", "");
    for url in [&wrong, &none] {
        for setting in SETTINGS {
            rejected(directory.path(), setting, url).await;
        }
    }
    let right = redis.url();
    redis.stop();
    for setting in SETTINGS {
        let line = rejected(directory.path(), setting, &right).await;
        assert!(line.contains("unavailable"), "{line}");
    }
}

async fn rejected(directory: &std::path::Path, setting: &str, url: &str) -> String {
    let serve = ["serve", "--listen", "127.0.0.1:0", setting, url];
    let exit = run_with_secret(directory, &serve).await;
    let line = exit.error_line(1).to_owned();
    assert!(line.starts_with(&format!("error: {setting}: ")), "{line}");
    for secret in ["hunter2", "open-sesame"] {
        assert!(!format!("{exit:?}").contains(secret), "{exit:?}");
    }
    line
}
