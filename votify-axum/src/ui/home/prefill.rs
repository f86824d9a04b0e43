use votify_core::{BallotKind, Poll, PollId, ResultsPolicy, Visibility, VoterPolicy};

use super::form::NewPollForm;
use crate::authorize::Action;
use crate::error::{ErrorCode, Problem};
use crate::ui::page::Page;

/// Returns the form for a copy of a poll, without its times. Only the owner also copies
/// what is hidden from others.
///
/// # Errors
/// - `poll_not_found`: there is no such poll.
/// - `not_logged_in`, `not_allowed`: the host does not show it to the caller.
pub(in crate::ui) async fn from_poll(page: &Page, id: &str) -> Result<NewPollForm, Problem> {
    let id: PollId = id.parse().map_err(|_| ErrorCode::PollNotFound)?;
    page.permit(Action::View(id)).await?;
    let engine = &page.state.engine;
    let poll = engine.definition(id).await?;
    let is_owner = engine.owns(&poll, &page.caller()).await?;
    Ok(copy(&poll, is_owner))
}

/// Returns the form with the values of a poll, without its times. Only with
/// `shows_host_fields`, it has what is hidden from others than the owner.
pub(in crate::ui) fn copy(poll: &Poll, shows_host_fields: bool) -> NewPollForm {
    let rules = &poll.rules;
    let mut form = NewPollForm {
        title: poll.title.clone(),
        options: poll
            .options
            .iter()
            .map(|option| option.text.clone())
            .collect(),
        description: poll.description.clone(),
        category: poll.category.clone().unwrap_or_default(),
        voters: voters(rules.voters).to_owned(),
        results: results(rules.results).to_owned(),
        revote: rules.revote,
        ..NewPollForm::default()
    };
    if let BallotKind::Multiple { min, max } = rules.ballot {
        "multiple".clone_into(&mut form.kind);
        form.min = min.to_string();
        form.max = max.to_string();
    }
    if let Some(quota) = rules.address_quota {
        form.quota = quota.ballots.to_string();
        form.quota_prefix = quota.ipv4_prefix.to_string();
    }
    match poll.visibility {
        // By default, a copy could be listed.
        Visibility::Unlisted => "unlisted".clone_into(&mut form.visibility),
        Visibility::Public if shows_host_fields => "public".clone_into(&mut form.visibility),
        Visibility::Public => {}
    }
    if shows_host_fields {
        form.external_ref = poll.external_ref.clone().unwrap_or_default();
        let metadata = poll.metadata.as_ref();
        form.metadata = metadata.map_or_else(String::new, |data| data.as_str().to_owned());
    }
    form
}

const fn voters(policy: VoterPolicy) -> &'static str {
    match policy {
        VoterPolicy::Ip => "ip",
        VoterPolicy::Account => "account",
        VoterPolicy::Invite => "invite",
        _ => "browser",
    }
}

const fn results(policy: ResultsPolicy) -> &'static str {
    match policy {
        ResultsPolicy::AfterVote => "after_vote",
        ResultsPolicy::AfterClose => "after_close",
        _ => "live",
    }
}
