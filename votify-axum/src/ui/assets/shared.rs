//! The files that pages of every origin may load: the client library and the element.

use super::list::{CSS, File, SCRIPT};

const JSON: &str = "application/json";

pub(super) const FILES: &[File] = &[
    ("/votify.js", SCRIPT, include_str!("../../../ui/votify.js")),
    (
        "/votify-poll.js",
        SCRIPT,
        include_str!("../../../ui/votify-poll.js"),
    ),
    (
        "/votify-poll.css",
        CSS,
        include_str!("../../../ui/votify-poll.css"),
    ),
    (
        "/poll/language.js",
        SCRIPT,
        include_str!("../../../ui/poll/language.js"),
    ),
    (
        "/poll/model.js",
        SCRIPT,
        include_str!("../../../ui/poll/model.js"),
    ),
    (
        "/poll/session.js",
        SCRIPT,
        include_str!("../../../ui/poll/session.js"),
    ),
    (
        "/poll/view.js",
        SCRIPT,
        include_str!("../../../ui/poll/view.js"),
    ),
    (
        "/locales/de.json",
        JSON,
        include_str!("../../../ui/locales/de.json"),
    ),
    (
        "/locales/en.js",
        SCRIPT,
        include_str!("../../../ui/locales/en.js"),
    ),
];
