use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::{ListFormat, PollPage};
use crate::poll::{Poll, PollOption, PollState};
use crate::store::PollCursor;

/// Maximum size of a listed poll besides its texts and options, in one rendering: names of
/// fields, ids, times, counts and the URL of its page. The tests of votify-axum check it.
const RENDERED_FIELDS: usize = 1_024 + PollPage::MAX_VARIANT;
/// Maximum size of an option besides its text, in one rendering. The tests of votify-axum
/// check it.
const RENDERED_OPTION: usize = 160;

/// Returns the approximate size of a page in memory, in bytes, with a rendering in every
/// [`ListFormat`].
pub(super) fn size_of_page(polls: &[LoadedPoll], cursors: &[PollCursor]) -> usize {
    let sum = |size_of: fn(&LoadedPoll) -> usize| -> usize { polls.iter().map(size_of).sum() };
    let summaries = sum(|loaded| size_of_summary(&loaded.poll));
    let options = sum(|loaded| size_of_rendered_options(&loaded.poll));
    let renderings = [summaries, summaries + options];
    let renderings = renderings.map(|size| size.min(ListFormat::MAX_BYTES));
    sum(size_of_poll) + renderings.iter().sum::<usize>() + size_of_val(cursors)
}

fn size_of_poll(loaded: &LoadedPoll) -> usize {
    let LoadedPoll { poll, tally } = loaded;
    let options = poll.options.iter();
    let options = options.map(|option| size_of::<PollOption>() + option.text.len());
    let texts = [Some(&poll.title), Some(&poll.description)];
    let texts = texts
        .into_iter()
        .chain([poll.category.as_ref(), poll.external_ref.as_ref()]);
    let texts = texts.flatten().map(String::len);
    let counts = size_of_val(&*tally.counts);
    size_of::<PollState>() + options.chain(texts).sum::<usize>() + size_of_metadata(poll) + counts
}

fn size_of_metadata(poll: &Poll) -> usize {
    poll.metadata.as_ref().map_or(0, |data| data.as_str().len())
}

/// Returns the maximum size of a rendered poll without options. Escapes at most double a
/// text.
fn size_of_summary(poll: &Poll) -> usize {
    // A character has at most 4 bytes.
    let description = poll.description.len().min(4 * ListFormat::MAX_DESCRIPTION);
    let optional = [&poll.category, &poll.external_ref];
    let optional = optional
        .into_iter()
        .flatten()
        .map(String::len)
        .sum::<usize>();
    RENDERED_FIELDS + 2 * (poll.title.len() + description + optional) + size_of_metadata(poll)
}

fn size_of_rendered_options(poll: &Poll) -> usize {
    let options = poll.options.iter();
    let sizes = options.map(|option| RENDERED_OPTION + 2 * option.text.len());
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PollId;
    use crate::poll::PollDraft;
    use crate::secret::Keyring;
    use crate::time::Timestamp;

    /// Returns the counted size of a page of 20 polls with these options.
    fn size_of_20(options: &[String], description: &str) -> usize {
        let (now, keyring) = (Timestamp::EPOCH, Keyring::ephemeral());
        let mut draft = PollDraft::single_choice("t", options.to_vec());
        draft.description = description.into();
        let poll = draft.into_poll(PollId::generate(now), now, &keyring);
        let loaded = LoadedPoll::from(PollState::new(poll.unwrap()));
        size_of_page(&vec![loaded; 20], &[])
    }

    #[test]
    fn the_size_of_a_page_includes_a_rendering_per_format() {
        let few = ["a", "b"].map(str::to_owned);
        let small = size_of_20(&few, "");
        assert!(small > 20 * 2 * RENDERED_FIELDS, "{small}");
        // The polls have the whole description, and both renderings its beginning.
        let described = size_of_20(&few, &"d".repeat(10_000));
        let expected = 20 * (10_000 + 2 * 2 * 4 * ListFormat::MAX_DESCRIPTION);
        assert_eq!(described - small, expected);
        // The rendering with options ends at its maximum size.
        let many: Vec<_> = (100..200)
            .map(|n| format!("{n}{}", "o".repeat(252)))
            .collect();
        let large = size_of_20(&many, "");
        let polls = 20 * 100 * 255;
        assert!(large > polls + ListFormat::MAX_BYTES, "{large}");
        assert!(large < 2 * polls + ListFormat::MAX_BYTES, "{large}");
    }
}
