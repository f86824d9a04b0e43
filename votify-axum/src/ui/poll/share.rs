use votify_core::Poll;

use crate::ui::layout::Layout;

/// The links of a poll to send and to open.
#[derive(Debug, Clone)]
pub(super) struct ShareLinks {
    /// The absolute URL of the poll.
    pub(super) url: String,
    /// The path of the poll's page, below which the others are.
    pub(super) path: String,
    /// The short address of the page to type a code, without a scheme.
    pub(super) join_address: String,
    /// The code to type there, or empty.
    pub(super) join_code: String,
}

impl ShareLinks {
    pub(super) fn new(layout: &Layout, poll: &Poll) -> Self {
        let path = format!("/p/{}", poll.id);
        let join = layout.absolute("/join");
        let join_address = join.split_once("://").map_or("", |(_, rest)| rest);
        Self {
            url: layout.absolute(&path),
            path: layout.url(&path),
            join_address: join_address.to_owned(),
            join_code: poll
                .join_code
                .map(|code| code.to_string())
                .unwrap_or_default(),
        }
    }
}
