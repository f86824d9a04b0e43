use votify_core::{Poll, Visibility, VoterPolicy};

pub(crate) const VISIBILITIES: [(&str, Visibility); 2] = [
    ("public", Visibility::Public),
    ("unlisted", Visibility::Unlisted),
];

/// Returns the visibility of a new poll that gives none: unlisted for a closed group, else
/// the default of the router.
pub(crate) const fn default_visibility(voters: VoterPolicy, default: Visibility) -> Visibility {
    if is_for_closed_group(voters) {
        Visibility::Unlisted
    } else {
        default
    }
}

/// Returns the visibility after a change of the voter policy that gives none. A poll for a
/// closed group leaves the lists. No change publishes a poll.
pub(crate) fn changed_visibility(voters: VoterPolicy, poll: &Poll) -> Option<Visibility> {
    let becomes_closed = is_for_closed_group(voters) && !is_for_closed_group(poll.rules.voters);
    becomes_closed.then_some(Visibility::Unlisted)
}

const fn is_for_closed_group(voters: VoterPolicy) -> bool {
    matches!(voters, VoterPolicy::Account | VoterPolicy::Invite)
}
