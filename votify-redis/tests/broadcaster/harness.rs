use std::time::Duration;

use votify_core::Poll;
use votify_redis::{Redis, RedisBroadcaster};
use votify_test_support::redis::Server;

/// The timeout of calls in tests that wait for a timeout.
pub(crate) const SHORT_TIMEOUT: Duration = Duration::from_millis(500);

pub(crate) async fn connect(server: &Server) -> Redis {
    let builder = Redis::builder(&server.url());
    #[cfg(feature = "tls")]
    if server.url().starts_with("rediss") {
        let builder = builder.root_certificates(server.root_certificate());
        return builder.connect().await.unwrap();
    }
    builder.connect().await.unwrap()
}

/// Returns a broadcaster, as each instance of a fleet has one.
pub(crate) async fn open_instance(server: &Server) -> RedisBroadcaster {
    let redis = connect(server).await;
    RedisBroadcaster::from_client(redis).await.unwrap()
}

/// Returns a broadcaster whose calls time out after [`SHORT_TIMEOUT`].
pub(crate) async fn open_instance_with_short_timeout(server: &Server) -> RedisBroadcaster {
    let builder = Redis::builder(&server.url()).timeout(SHORT_TIMEOUT);
    let redis = builder.connect().await.unwrap();
    RedisBroadcaster::from_client(redis).await.unwrap()
}

/// Returns the channel of a poll under the default prefix.
pub(crate) fn channel(poll: &Poll) -> String {
    format!("votify:{{{}}}:updates", poll.id)
}
