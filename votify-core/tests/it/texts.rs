//! Texts of polls in many scripts: how they are compared, shown and counted.

use votify_core::poll::{
    CATEGORY_MAX, ChangeRefusal, DESCRIPTION_MAX, InvalidPoll, OPTION_TEXT_MAX, OPTIONS_MAX,
    OptionChange, PollState, TITLE_MAX,
};
use votify_core::{Keyring, OptionId, Poll, PollChange, PollDraft, PollId, Timestamp};

const NOW: Timestamp = Timestamp::EPOCH;

/// Pairs of texts that look the same.
const ALIKE: [[&str; 2]; 22] = [
    // Composition: Latin, Greek, Hebrew, Devanagari, Hangul, ligatures.
    ["Café", "Cafe\u{301}"],
    ["Ω", "\u{2126}"],
    ["\u{FB2B}", "ש\u{5C2}"],
    ["\u{95C}", "\u{921}\u{93C}"],
    ["한국", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8}"],
    ["ﬁsh", "fish"],
    ["ﷲ", "الله"],
    ["\u{1109A}", "\u{11099}\u{110BA}"],
    // Width.
    ["Pizza", "Ｐｉｚｚａ"],
    ["ガム", "ｶﾞﾑ"],
    ["하", "\u{FFBE}\u{FFC2}"],
    // Blanks.
    ["a b", "a\u{A0}b"],
    ["a b", "a  b"],
    ["a b", "a\u{3000}b"],
    ["a b", "a\u{2800}b"],
    ["a b", "\u{2800}a b\u{2009}"],
    // Invisible characters.
    ["Pizza", "Piz\u{200B}za"],
    ["Pizza", "\u{FEFF}Pizza\u{200D}"],
    ["e\u{301}t", "e\u{34F}\u{301}\u{AD}t"],
    ["עברית", "\u{200F}עברית\u{200E}"],
    ["❤", "❤\u{FE0F}"],
    ["🏴", "🏴\u{E0041}"],
];

/// Pairs of texts that look different.
const DIFFERENT: [[&str; 2]; 22] = [
    ["Pizza", "pizza"],
    ["STRASSE", "STRAẞE"],
    ["Straße", "Strasse"],
    ["cafe", "café"],
    ["a", "а"],
    ["ab", "a b"],
    ["10²", "102"],
    ["H₂O", "H2O"],
    ["½", "1/2"],
    ["は", "ば"],
    ["は", "ハ"],
    ["שלום", "שָׁלוֹם"],
    ["كتب", "كَتَبَ"],
    ["กา", "ก้า"],
    ["कि", "की"],
    ["👍", "👎"],
    ["👍", "👍🏽"],
    // A family, and the same people side by side.
    ["👨\u{200D}👩\u{200D}👧", "👨👩👧"],
    ["❤\u{FE0F}\u{200D}🔥", "❤\u{FE0F}🔥"],
    ["🧔🏽\u{200D}♂\u{FE0F}", "🧔🏽♂\u{FE0F}"],
    // Flags of England, Scotland and none.
    [
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
        "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    ],
    [
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
        "🏴",
    ],
];

/// Texts that look empty.
const INVISIBLE: [&str; 14] = [
    "\u{200B}",
    "\u{200D}\u{200C}",
    "\u{2060}",
    "\u{FEFF}",
    "\u{AD}",
    "\u{34F}",
    "\u{61C}\u{200F}",
    "\u{115F}\u{1160}",
    "\u{3164}",
    "\u{FFA0}",
    "\u{2800}",
    " \u{2800}\u{3000}\u{200B} ",
    "\u{FE0F}\u{E0100}",
    "\u{1D159}\u{FFF9}\u{E0067}",
];

fn create(draft: PollDraft) -> Result<Poll, InvalidPoll> {
    draft.into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
}

fn options<const N: usize>(texts: [&str; N]) -> PollDraft {
    PollDraft::single_choice("Lunch?", texts)
}

fn change(poll: &Poll, change: &PollChange) -> Result<Poll, InvalidPoll> {
    match PollState::new(poll.clone()).apply_change(change, NOW) {
        Ok(changed) => Ok(changed.map_or_else(|| poll.clone(), |state| state.poll)),
        Err(ChangeRefusal::Invalid(errors)) => Err(errors),
        Err(refusal) => panic!("{refusal}"),
    }
}

#[track_caller]
fn assert_fields(result: Result<Poll, InvalidPoll>, expected: &[&str]) {
    let errors = result.map(|poll| panic!("{poll:?} is valid")).unwrap_err();
    let fields: Vec<&str> = errors.0.iter().map(|error| &*error.field).collect();
    assert_eq!(fields, expected, "{errors}");
}

#[test]
fn options_that_look_alike_are_refused() {
    for [first, second] in ALIKE {
        for [first, second] in [[first, second], [second, first]] {
            assert_fields(create(options(["x", first, "y", second])), &["options[3]"]);
        }
    }
}

#[test]
fn a_change_to_options_that_look_alike_is_refused() {
    for [first, second] in ALIKE {
        let poll = create(options([first, "other"])).unwrap();
        let [kept, other] = [poll.options[0].id, poll.options[1].id];
        let keep = |id, text: Option<&str>| OptionChange::Keep {
            id,
            text: text.map(str::to_owned),
        };
        let edit = [keep(kept, None), keep(other, Some(second))];
        assert_fields(
            change(&poll, &PollChange::default().options(edit)),
            &["options[1]"],
        );
        let added = OptionChange::Add {
            id: OptionId::generate(NOW),
            text: second.to_owned(),
        };
        let add = [added, keep(other, None), keep(kept, None)];
        assert_fields(
            change(&poll, &PollChange::default().options(add)),
            &["options[2]"],
        );
    }
}

#[test]
fn options_that_look_different_are_accepted() {
    for [first, second] in DIFFERENT {
        let poll = create(options([first, second]));
        assert!(poll.is_ok(), "{first} {second}: {poll:?}");
    }
}

#[test]
fn joiners_between_other_characters_are_invisible() {
    for [first, second] in [
        ["می\u{200C}خواهم", "میخواهم"],
        ["क्\u{200D}ष", "क्ष"],
        ["a\u{200D}b", "ab"],
        ["👩\u{200D}\u{200D}👧", "👩👧"],
        ["👩\u{200D}", "👩"],
        ["👍\u{200D}🏽", "👍🏽"],
    ] {
        assert_fields(create(options([first, second])), &["options[1]"]);
    }
}

#[test]
fn texts_that_look_empty_are_refused() {
    for text in INVISIBLE {
        assert_fields(
            create(PollDraft::single_choice(text, ["a", "b"])),
            &["title"],
        );
        assert_fields(create(options(["a", text])), &["options[1]"]);
        assert_fields(
            create(options(["a", "b"]).description(text)),
            &["description"],
        );
        assert_fields(create(options(["a", "b"]).category(text)), &["category"]);
    }
    assert_fields(
        create(options(["\u{200B}", "\u{3164}", "a"])),
        &["options[0]", "options[1]"],
    );
    let blank = create(options(["a", "b"]).description(" \n").category("\u{3000}")).unwrap();
    assert_eq!((&*blank.description, blank.category), ("", None));
}

#[test]
fn texts_are_shown_as_sent_in_nfc() {
    let sent = [
        "Ｐｉｚｚａ  ①",
        "می\u{200C}خواهم",
        "👨\u{200D}👩\u{200D}👧 ❤\u{FE0F}",
        "\u{200F}עברית",
        "ﬁ ½ ﷺ",
        "ภาษาไทย",
        "हिन्दी",
    ];
    for text in sent {
        let poll = create(PollDraft::single_choice(text, [text, "b"]).description(text)).unwrap();
        let shown = [&poll.title, &poll.description, &poll.options[0].text];
        assert_eq!(shown, [text; 3]);
    }
    let decomposed = "\u{1112}\u{1161}\u{11AB} Cafe\u{301}";
    let draft = PollDraft::single_choice(format!(" {decomposed}\n"), [decomposed, "b"])
        .description(decomposed)
        .category(decomposed);
    let poll = create(draft).unwrap();
    assert_eq!(poll.title, "한 Café");
    assert_eq!(poll.description, "한 Café");
    assert_eq!(poll.category.as_deref(), Some("한 Café"));
    assert_eq!(poll.options[0].text, "한 Café");
    let same = PollChange::default()
        .title(decomposed)
        .description(decomposed)
        .category(Some(decomposed.into()));
    assert_eq!(change(&poll, &same).unwrap(), poll, "nothing changes");
}

#[test]
fn characters_are_counted_in_nfc() {
    let fits = |title: &str, count: usize| {
        let result = |count| create(PollDraft::single_choice(title.repeat(count), ["a", "b"]));
        assert!(result(count).is_ok(), "{title}");
        assert_fields(result(count + 1), &["title"]);
    };
    // Composed: shorter than sent.
    fits("e\u{301}", TITLE_MAX);
    fits("\u{1112}\u{1161}\u{11AB}", TITLE_MAX);
    fits("\u{3B1}\u{313}\u{300}\u{345}", TITLE_MAX);
    // Never composed: three characters instead of one.
    fits("\u{1D160}", TITLE_MAX / 3);
    fits("\u{FB2C}", TITLE_MAX / 3);
    // Four bytes each.
    fits("𠀀", TITLE_MAX);
    // Five characters: woman, joiner, woman, joiner, girl.
    fits("👩\u{200D}👩\u{200D}👧", TITLE_MAX / 5);
}

#[test]
fn the_longest_texts_are_accepted_in_every_script() {
    for character in [
        "a",
        "é",
        "e\u{301}",
        "ש",
        "ก",
        "ह",
        "한",
        "漢",
        "𠀀",
        "👍",
        "\u{16D63}\u{16D67}\u{16D67}",
    ] {
        let numbered = |number| format!("{number:03}{}", character.repeat(OPTION_TEXT_MAX - 3));
        let draft =
            PollDraft::single_choice(character.repeat(TITLE_MAX), (0..OPTIONS_MAX).map(numbered))
                .description(character.repeat(DESCRIPTION_MAX))
                .category(character.repeat(CATEGORY_MAX));
        let poll = create(draft);
        assert!(poll.is_ok(), "{character}: {poll:?}");
    }
}

#[test]
fn control_characters_are_refused() {
    for text in ["a\0b", "a\u{7}", "a\u{1B}[31m", "a\u{85}b", "a\u{7F}b"] {
        assert_fields(
            create(PollDraft::single_choice(text, ["a", "b"])),
            &["title"],
        );
        assert_fields(create(options(["a", text])), &["options[1]"]);
        assert_fields(create(options(["a", "b"]).category(text)), &["category"]);
        assert_fields(
            create(options(["a", "b"]).description(text)),
            &["description"],
        );
    }
    // Line breaks and tabs are valid in descriptions only.
    for text in ["a\nb", "a\r\nb", "a\tb", "a\u{2028}b", "a\u{2029}b"] {
        assert_fields(
            create(PollDraft::single_choice(text, ["a", "b"])),
            &["title"],
        );
        assert_fields(create(options(["a", text])), &["options[1]"]);
        assert_fields(create(options(["a", "b"]).category(text)), &["category"]);
        let poll = create(options(["a", "b"]).description(text)).unwrap();
        assert_eq!(poll.description, text);
    }
}

#[test]
fn directional_overrides_are_refused() {
    for text in ["a\u{202E}bc", "\u{202D}abc\u{202C}"] {
        assert_fields(
            create(PollDraft::single_choice(text, ["a", "b"])),
            &["title"],
        );
        assert_fields(create(options(["a", text])), &["options[1]"]);
        assert_fields(create(options(["a", "b"]).category(text)), &["category"]);
        assert_fields(
            create(options(["a", "b"]).description(text)),
            &["description"],
        );
    }
    // Marks, embeddings and isolates are common in copied Arabic and Hebrew.
    for text in [
        "\u{200F}(שלום)",
        "\u{202A}+49 123\u{202C}",
        "\u{2068}سلام\u{2069} a",
    ] {
        let poll = create(options(["a", text])).unwrap();
        assert_eq!(poll.options[1].text, text);
    }
}
