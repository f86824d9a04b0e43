//! The files, each with its path and type. A new file is one line.

pub(super) const SVG: &str = "image/svg+xml";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

/// The path, the media type and the content of a file.
pub(super) type File = (&'static str, &'static str, &'static str);

pub(super) const FAVICON: &str = include_str!("../../../ui/pages/favicon.svg");

/// The files of this server's own pages.
pub(super) const PAGES: &[File] = &[
    ("/favicon.svg", SVG, FAVICON),
    ("/pages/icons.svg", SVG, include_str!("../../../ui/pages/icons.svg")),
    ("/pages/pages.css", CSS, include_str!("../../../ui/pages/pages.css")),
];

/// The files that pages of every origin may load: the client library and the element.
pub(super) const SHARED: &[File] = &[];
