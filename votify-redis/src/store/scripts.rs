use std::sync::LazyLock;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use redis::{Cmd, ErrorKind, ServerErrorKind, Value, cmd};
use tokio::time::timeout;

use crate::connect::Redis;
use crate::error::Error;

/// A Lua script. It is called by its digest; the text is sent if the server does not know
/// the script.
#[derive(Debug)]
pub(super) struct Script {
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
    fn new(flags: &str, texts: &[&str]) -> Self {
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

    pub(super) async fn call<K: AsRef<str> + Sync>(
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

/// Lua functions that several scripts share.
const PRELUDE: &str = include_str!("scripts/prelude.lua");

macro_rules! scripts {
    ($($name:ident: $flags:literal, [$($part:expr),*], $file:literal;)*) => {$(
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new($flags, &[$($part,)* include_str!($file)]));
    )*};
}

// A server whose memory is full rejects votes and new polls. Closing, changing and
// deleting polls still works, hence `allow-oom`.
scripts! {
    READ: "no-writes", [PRELUDE], "scripts/read.lua";
    PAGE: "no-writes", [PRELUDE], "scripts/page.lua";
    CAST: "", [PRELUDE], "scripts/cast.lua";
    ADDRESS_USAGE: "no-writes", [PRELUDE], "scripts/address_usage.lua";
    CREATE: "", [PRELUDE], "scripts/create.lua";
    REPLACE: "allow-oom", [PRELUDE], "scripts/replace.lua";
    DELETE: "allow-oom", [PRELUDE], "scripts/delete.lua";
    INVITE: "", [], "scripts/invite.lua";
    INVITED: "no-writes", [], "scripts/invited.lua";
    INVITE_COUNT: "no-writes", [], "scripts/invite_count.lua";
    RELEASE: "allow-oom", [], "scripts/release.lua";
    LIST: "no-writes", [], "scripts/list.lua";
    LEX_COUNTS: "no-writes", [], "scripts/lex_counts.lua";
    PENDING: "no-writes", [], "scripts/pending.lua";
    JOIN_CODE_RESERVE: "", [], "scripts/join_code_reserve.lua";
    JOIN_CODE_CONFIRM: "allow-oom", [], "scripts/join_code_confirm.lua";
    JOIN_CODE_RELEASE: "allow-oom", [], "scripts/join_code_release.lua";
    CLAIM: "", [], "scripts/claim.lua";
    TIME: "no-writes", [], "scripts/time.lua";
    INDEX_UPDATE: "allow-oom", [], "scripts/index_update.lua";
    INDEX_CLEAR: "allow-oom", [], "scripts/index_clear.lua";
    ZADD_NOW: "allow-oom", [], "scripts/zadd_now.lua";
}
