use std::sync::LazyLock;

use crate::script::Script;

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
