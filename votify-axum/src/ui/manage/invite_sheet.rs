//! The page with new invite codes, which is also the sheet to print.

use std::sync::Arc;

use askama::Template;
use votify_core::Poll;
use votify_core::voter::InviteCode;

use crate::error::Problem;
use crate::extract::invite::PARAMETER;
use crate::ui::layout::{Head, Layout};
use crate::ui::page::Page;
use crate::ui::poll::ShareLinks;
use crate::ui::qr::QrPath;
use crate::ui::times::plural;

/// Maximum number of codes on a page. A page of that many has about 1.5 MiB.
pub(super) const MAX_CODES: u32 = 500;
/// About the maximum size of one code on the page, in bytes: its QR code has at most
/// 5 KB.
const MAX_SLIP: usize = 8 * 1024;
/// About the maximum size of the rest of the page.
const MAX_FRAME: usize = 16 * 1024;

#[derive(Template)]
#[template(path = "invite_sheet.html")]
pub(super) struct InviteSheet<'a> {
    layout: &'a Layout,
    head: Head,
    poll_title: &'a str,
    /// The number of codes, such as `30 invite codes`.
    heading: String,
    /// Where to type the code, for voters who cannot scan it.
    address: ShareLinks,
    manage_url: String,
    file_name: String,
    invites: Vec<Invite>,
}

/// One code to hand out.
#[derive(Debug)]
pub(super) struct Invite {
    code: String,
    /// The address to vote with the code.
    url: String,
    qr: QrPath,
}

/// Returns about the maximum size of a page in bytes.
pub(super) fn max_size(count: u32) -> usize {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    count.saturating_mul(MAX_SLIP).saturating_add(MAX_FRAME)
}

/// Draws the QR codes of new codes on a blocking worker: 500 take some 100 ms of a core.
/// `url` is the absolute address of the poll.
///
/// # Errors
/// - `internal`: the address is too long for a QR code.
pub(super) async fn encode(codes: Arc<[InviteCode]>, url: String) -> Result<Vec<Invite>, Problem> {
    let invite = move |code: &InviteCode| {
        let code = code.text();
        let url = format!("{url}?{PARAMETER}={code}");
        let qr = QrPath::of(&url)?;
        Ok(Invite { code, url, qr })
    };
    let encoded = tokio::task::spawn_blocking(move || codes.iter().map(invite).collect());
    encoded.await.map_err(|error| Problem::internal(&error))?
}

/// Returns the page of new codes.
pub(super) fn template<'a>(
    page: &'a Page,
    poll: &'a Poll,
    invites: Vec<Invite>,
) -> InviteSheet<'a> {
    let count = u64::try_from(invites.len()).unwrap_or(u64::MAX);
    let heading = plural(count, "invite code");
    InviteSheet {
        layout: &page.layout,
        head: Head::new(heading.as_str()).private(),
        poll_title: &poll.title,
        heading,
        address: ShareLinks::new(&page.layout, poll),
        manage_url: page.layout.url(&super::path(poll.id)),
        file_name: format!("invites-{}.csv", poll.id),
        invites,
    }
}
