//! The files, each with its path and type. A new file is one line.

pub(super) const SVG: &str = "image/svg+xml";
pub(super) const CSS: &str = "text/css; charset=utf-8";
pub(super) const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The path, the media type and the content of a file.
pub(super) type File = (&'static str, &'static str, &'static str);

pub(super) const FAVICON: &str = include_str!("../../../ui/pages/favicon.svg");

/// The styles of all pages, as one file: a page then waits for one request.
const STYLES: &str = concat!(
    include_str!("../../../ui/pages/styles/tokens.css"),
    include_str!("../../../ui/pages/styles/base.css"),
    include_str!("../../../ui/pages/styles/frame.css"),
    include_str!("../../../ui/pages/styles/cards.css"),
    include_str!("../../../ui/pages/styles/buttons.css"),
    include_str!("../../../ui/pages/styles/forms.css"),
    include_str!("../../../ui/pages/styles/bars.css"),
    include_str!("../../../ui/pages/styles/connection.css"),
    include_str!("../../../ui/pages/styles/media.css"),
);

/// The styles of the room.
const ROOM_STYLES: &str = concat!(
    include_str!("../../../ui/pages/room/layout.css"),
    include_str!("../../../ui/pages/room/rows.css"),
    include_str!("../../../ui/pages/room/join.css"),
    include_str!("../../../ui/pages/room/controls.css"),
    include_str!("../../../ui/pages/room/screen.css"),
    include_str!("../../../ui/pages/room/crowded.css"),
);

/// The files of this server's own pages.
pub(super) const PAGES: &[File] = &[
    ("/favicon.svg", SVG, FAVICON),
    (
        "/pages/icons.svg",
        SVG,
        include_str!("../../../ui/pages/icons.svg"),
    ),
    (
        "/pages/account.css",
        CSS,
        include_str!("../../../ui/pages/account.css"),
    ),
    (
        "/pages/announcer.js",
        SCRIPT,
        include_str!("../../../ui/pages/announcer.js"),
    ),
    (
        "/pages/create.css",
        CSS,
        include_str!("../../../ui/pages/create.css"),
    ),
    (
        "/pages/create.js",
        SCRIPT,
        include_str!("../../../ui/pages/create.js"),
    ),
    (
        "/pages/create/fields.js",
        SCRIPT,
        include_str!("../../../ui/pages/create/fields.js"),
    ),
    (
        "/pages/create/preview.js",
        SCRIPT,
        include_str!("../../../ui/pages/create/preview.js"),
    ),
    (
        "/pages/create/rows.js",
        SCRIPT,
        include_str!("../../../ui/pages/create/rows.js"),
    ),
    (
        "/pages/create/submit.js",
        SCRIPT,
        include_str!("../../../ui/pages/create/submit.js"),
    ),
    (
        "/pages/embed.css",
        CSS,
        include_str!("../../../ui/pages/embed.css"),
    ),
    (
        "/pages/embed.js",
        SCRIPT,
        include_str!("../../../ui/pages/embed.js"),
    ),
    (
        "/pages/invite.js",
        SCRIPT,
        include_str!("../../../ui/pages/invite.js"),
    ),
    (
        "/pages/invites.js",
        SCRIPT,
        include_str!("../../../ui/pages/invites.js"),
    ),
    (
        "/pages/join.css",
        CSS,
        include_str!("../../../ui/pages/join.css"),
    ),
    (
        "/pages/local-time.js",
        SCRIPT,
        include_str!("../../../ui/pages/local-time.js"),
    ),
    (
        "/pages/manage.css",
        CSS,
        include_str!("../../../ui/pages/manage.css"),
    ),
    (
        "/pages/manage.js",
        SCRIPT,
        include_str!("../../../ui/pages/manage.js"),
    ),
    (
        "/pages/poll-list.css",
        CSS,
        include_str!("../../../ui/pages/poll-list.css"),
    ),
    (
        "/pages/poll.css",
        CSS,
        include_str!("../../../ui/pages/poll.css"),
    ),
    (
        "/pages/reload.js",
        SCRIPT,
        include_str!("../../../ui/pages/reload.js"),
    ),
    (
        "/pages/results.css",
        CSS,
        include_str!("../../../ui/pages/results.css"),
    ),
    (
        "/pages/results.js",
        SCRIPT,
        include_str!("../../../ui/pages/results.js"),
    ),
    ("/pages/room.css", CSS, ROOM_STYLES),
    (
        "/pages/room.js",
        SCRIPT,
        include_str!("../../../ui/pages/room.js"),
    ),
    (
        "/pages/room-keys.js",
        SCRIPT,
        include_str!("../../../ui/pages/room-keys.js"),
    ),
    (
        "/pages/share.js",
        SCRIPT,
        include_str!("../../../ui/pages/share.js"),
    ),
    (
        "/pages/rolling-number.js",
        SCRIPT,
        include_str!("../../../ui/pages/rolling-number.js"),
    ),
    (
        "/pages/standings.js",
        SCRIPT,
        include_str!("../../../ui/pages/standings.js"),
    ),
    ("/pages/pages.css", CSS, STYLES),
];
