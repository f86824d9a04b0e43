use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use redis::{Cmd, ErrorKind, ServerErrorKind, Value, cmd};
use tokio::time::timeout;

use crate::connect::Redis;
use crate::error::Error;

/// A Lua script. It is called by its digest; the text is sent if the server does not know
/// the script.
#[derive(Debug)]
pub(crate) struct Script {
    text: String,
    digest: String,
    /// Read-only scripts are retried after a lost connection, so that callers do not
    /// notice a short restart.
    is_read_only: bool,
}

/// Delays between retries of read-only scripts, each with up to 100 % jitter. Together
/// they are at most 150 ms, far below the timeout of a call.
const RETRY_DELAYS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(5))
    .with_max_delay(Duration::from_millis(100))
    .with_max_times(4)
    .with_jitter();

impl Script {
    pub(crate) fn new(flags: &str, texts: &[&str]) -> Self {
        // With the flags, a server whose memory is full rejects a script before it writes
        // anything, and still runs scripts with `allow-oom`.
        let text = format!("#!lua flags={flags}\n{}", texts.concat());
        let digest = redis::Script::new(&text).get_hash().to_owned();
        Self {
            text,
            digest,
            is_read_only: flags == "no-writes",
        }
    }

    pub(crate) async fn call<K: AsRef<str> + Sync>(
        &self,
        redis: &Redis,
        keys: &[K],
        arguments: &[&[u8]],
    ) -> Result<Value, Error> {
        let calls = (|| self.call_once(redis, keys, arguments))
            .retry(RETRY_DELAYS)
            .when(|error| self.is_read_only && matches!(error, Error::Unavailable(_)));
        // Longer than the timeout of one call, which also invalidates the connection.
        let limit = redis.timeout().mul_f64(1.25);
        timeout(limit, calls)
            .await
            .unwrap_or(Err(Error::Timeout(limit)))
    }

    async fn call_once<K: AsRef<str> + Sync>(
        &self,
        redis: &Redis,
        keys: &[K],
        arguments: &[&[u8]],
    ) -> Result<Value, Error> {
        let by_digest = self.command("EVALSHA", &self.digest, keys, arguments);
        match redis.run(&by_digest).await {
            Err(Error::Driver(error))
                if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) =>
            {
                let by_text = self.command("EVAL", &self.text, keys, arguments);
                redis.run(&by_text).await
            }
            result => result,
        }
    }

    fn command<K: AsRef<str>>(
        &self,
        name: &str,
        script: &str,
        keys: &[K],
        arguments: &[&[u8]],
    ) -> Cmd {
        let mut command = cmd(name);
        command.arg(script).arg(keys.len());
        for key in keys {
            command.arg(key.as_ref());
        }
        for argument in arguments {
            command.arg(*argument);
        }
        command
    }
}
