use votify_core::Poll;

use crate::ui::layout::Layout;

/// The links of a poll to send and to open.
#[derive(Debug, Clone)]
pub(in crate::ui) struct ShareLinks {
    /// The absolute URL of the poll.
    pub(in crate::ui) url: String,
    /// The URL without a scheme, to type it.
    pub(in crate::ui) address: String,
    /// The path of the poll's page, below which the others are.
    pub(in crate::ui) path: String,
    /// The short address of the page to type a code, without a scheme.
    pub(in crate::ui) join_address: String,
    /// The code to type there, or empty.
    pub(in crate::ui) join_code: String,
}

impl ShareLinks {
    pub(in crate::ui) fn new(layout: &Layout, poll: &Poll) -> Self {
        let path = format!("/p/{}", poll.id);
        let url = layout.absolute(&path);
        Self {
            address: without_scheme(&url),
            url,
            path: layout.url(&path),
            join_address: without_scheme(&layout.absolute("/join")),
            join_code: poll
                .join_code
                .map(|code| code.to_string())
                .unwrap_or_default(),
        }
    }
}

fn without_scheme(url: &str) -> String {
    url.split_once("://")
        .map_or(url, |(_, rest)| rest)
        .to_owned()
}
