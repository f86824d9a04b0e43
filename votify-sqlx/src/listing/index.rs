//! Chooses the index that has the order of a list.

use votify_core::PollStatus;
use votify_core::poll::Visibility;
use votify_core::store::{PollFilter, PollOrder};

/// Returns the name of the index for a list, without its prefix `votify_polls_`.
pub(crate) fn index(filter: &PollFilter) -> String {
    let PollFilter {
        visibility,
        status,
        sealed,
        owners,
        external_ref,
        category,
        order,
        ..
    } = filter;
    let is_unsealed =
        *sealed == Some(false) || matches!(status, Some(PollStatus::Open | PollStatus::Scheduled));
    let name = match order {
        PollOrder::Newest => "newest",
        PollOrder::Closing => "closing",
        PollOrder::Opening => "opening",
        PollOrder::Trending => "trending",
    };
    let is_public = *visibility == Some(Visibility::Public);
    if external_ref.is_some() {
        "external_ref".into()
    } else if !owners.is_empty() {
        "owner".into()
    } else if is_public && category.is_some() {
        format!("{name}_category")
    } else if is_public && is_unsealed {
        format!("{name}_unsealed")
    } else if is_public {
        format!("{name}_public")
    } else if is_unsealed && *order == PollOrder::Closing {
        "due".into()
    } else {
        name.into()
    }
}
