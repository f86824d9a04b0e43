//! The largest polls, in four bytes per character.

use crate::backend::{SEARCH_WORD_MAX, title_words};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{at, ballot, draft, metadata};
use crate::conformance::store::change_builders::{change_with, keep_option};
use crate::conformance::store::harness::Harness;
use crate::poll::{
    CATEGORY_MAX, DESCRIPTION_MAX, EXTERNAL_REF_MAX, Metadata, OPTION_TEXT_MAX, OPTIONS_MAX, Poll,
    PollChange, PollDraft, TITLE_MAX,
};
use crate::store::PollFilter;

/// Returns a title of the maximum length in which each character is a word.
fn many_words() -> String {
    ('\u{20000}'..).take(TITLE_MAX).collect()
}

/// Returns a title of three words, which are longer than a search word.
fn long_words() -> String {
    let words = ["𐌰", "𐌱", "𐌲"].map(|letter| letter.repeat(TITLE_MAX / 3 - 1));
    words.join(" ")
}

/// Returns the largest texts of `OPTIONS_MAX` options. They differ in the last character.
fn option_texts(letter: &str) -> impl Iterator<Item = String> {
    let start = letter.repeat(OPTION_TEXT_MAX - 1);
    ('\u{20000}'..)
        .take(OPTIONS_MAX)
        .map(move |last| format!("{start}{last}"))
}

fn largest_draft() -> PollDraft {
    let object = format!(
        "{{\"a\":\"{}\"}}",
        "𠀀".repeat((Metadata::MAX_BYTES - 8) / 4)
    );
    PollDraft {
        title: many_words(),
        description: "👩".repeat(DESCRIPTION_MAX),
        category: Some("👩".repeat(CATEGORY_MAX)),
        options: option_texts("👩").collect(),
        external_ref: Some("👩".repeat(EXTERNAL_REF_MAX)),
        metadata: Some(metadata(&object)),
        ..draft()
    }
}

/// Returns a change of all texts that may change after the first ballot.
fn change_texts(poll: &Poll, title: String, letter: &str) -> PollChange {
    let options = poll.options.iter().zip(option_texts(letter));
    let options = options.map(|(option, text)| keep_option(option, Some(&text)));
    change_with(|change| {
        change.title = Some(title);
        change.description = Some(letter.repeat(DESCRIPTION_MAX));
        change.options = Some(options.collect());
        change.external_ref = Some(Some(letter.repeat(EXTERNAL_REF_MAX)));
    })
}

async fn assert_found(harness: &Harness, title: &str, expected: &[&Poll]) {
    let words = title_words(title);
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        panic!("{title} has no words");
    };
    let filter = PollFilter {
        words: vec![first.clone(), last.clone()],
        ..PollFilter::default()
    };
    harness.assert_all_listed(&filter, 1, expected).await;
}

/// The largest poll is created, changed, voted on, changed again and found by its words,
/// with four bytes per character.
pub async fn largest_polls_are_read_as_written(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    assert_eq!(title_words(&many_words()).len(), TITLE_MAX);
    let [longest, ..] = &title_words(&long_words())[..] else {
        panic!("the title has no words");
    };
    assert_eq!(longest.len(), 4 * SEARCH_WORD_MAX);

    let poll = harness.create_poll(largest_draft()).await;
    assert_eq!(harness.stored_poll(&poll).await, poll);
    assert_found(&harness, &many_words(), &[&poll]).await;
    let change = change_texts(&poll, long_words(), "𠀀");
    let changed = harness.apply_change(&poll, &change, at(1)).await.poll;
    assert_eq!(harness.stored_poll(&poll).await, changed);
    assert_found(&harness, &long_words(), &[&changed]).await;
    assert_found(&harness, &many_words(), &[]).await;

    harness.cast(&ballot(&poll, 1, 1, 99), at(2)).await;
    let change = change_texts(&poll, many_words(), "𐌰");
    let changed = harness.apply_change(&poll, &change, at(3)).await.poll;
    assert_eq!(harness.stored_poll(&poll).await, changed);
    assert_found(&harness, &many_words(), &[&changed]).await;
    assert_found(&harness, &long_words(), &[]).await;
    harness.assert_consistent(&poll).await;
}
