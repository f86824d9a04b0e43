use proptest::option;
use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::strategy::Strategy;

use crate::conformance::sequence::operation::external_ref;
use crate::conformance::store::builders::{at, metadata};
use crate::id::OptionId;
use crate::poll::{
    BallotKind, OptionChange, Poll, PollChange, PollOption, ResultsPolicy, Visibility,
};
use crate::voter::VoterPolicy;

/// An edit of a poll, given by numbers, so that it shrinks well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Edit {
    Nothing,
    Title(u8),
    Description(u8),
    Rename { option: usize, text: u8 },
    AddOption(u8),
    DropLastOption,
    Multiple(bool),
    ByIp(bool),
    Hidden(bool),
    Revote(bool),
    OpensIn(Option<u8>),
    ClosesIn(Option<i8>),
    Public(bool),
    ExternalRef(Option<u8>),
    Metadata(Option<u8>),
}

fn moment(now: u64, seconds: i8) -> u64 {
    now.saturating_add_signed(seconds.into())
}

impl Edit {
    /// Returns the change to pass to the store.
    pub(crate) fn change(self, poll: &Poll, now: u64) -> PollChange {
        let target = self.apply(poll, now);
        let mut change = PollChange::default();
        match self {
            Self::Nothing => {}
            Self::Title(_) => change.title = Some(target.title),
            Self::Description(_) => change.description = Some(target.description),
            Self::Rename { .. } | Self::AddOption(_) | Self::DropLastOption => {
                let known = |option: PollOption| match poll.option(option.id) {
                    Some(_) => OptionChange::Keep {
                        id: option.id,
                        text: Some(option.text),
                    },
                    None => OptionChange::Add {
                        id: option.id,
                        text: option.text,
                    },
                };
                change.options = Some(target.options.into_iter().map(known).collect());
            }
            Self::Multiple(_) => change.ballot = Some(target.rules.ballot),
            Self::ByIp(_) => change.voters = Some(target.rules.voters),
            Self::Hidden(_) => change.results = Some(target.rules.results),
            Self::Revote(_) => change.revote = Some(target.rules.revote),
            Self::OpensIn(_) => change.opens_at = Some(target.opens_at),
            Self::ClosesIn(_) => change.closes_at = Some(target.closes_at),
            Self::Public(_) => change.visibility = Some(target.visibility),
            Self::ExternalRef(_) => change.external_ref = Some(target.external_ref),
            Self::Metadata(_) => change.metadata = Some(target.metadata),
        }
        change
    }

    /// Returns the poll with this edit applied, whether allowed or not. Version and
    /// `edited_at` stay unchanged.
    pub(crate) fn apply(self, poll: &Poll, now: u64) -> Poll {
        let mut poll = poll.clone();
        match self {
            Self::Nothing => {}
            Self::Title(n) => poll.title = format!("title {n}"),
            Self::Description(0) => poll.description = String::new(),
            Self::Description(n) => poll.description = format!("text {n}"),
            Self::Rename { option, text } => {
                let index = option % poll.options.len();
                poll.options[index].text = format!("option {text}");
            }
            Self::AddOption(n) => {
                // The id is unique because options are only added and removed at the end.
                let mut id = [n; 16];
                id[0] = u8::try_from(poll.options.len()).expect("fewer than 256 options");
                poll.options.push(PollOption {
                    id: OptionId::from_bytes(id),
                    text: format!("option {n}"),
                });
            }
            Self::DropLastOption => {
                poll.options.pop();
            }
            Self::Multiple(true) => poll.rules.ballot = BallotKind::Multiple { min: 1, max: 2 },
            Self::Multiple(false) => poll.rules.ballot = BallotKind::Single,
            Self::ByIp(true) => poll.rules.voters = VoterPolicy::Ip,
            Self::ByIp(false) => poll.rules.voters = VoterPolicy::Browser,
            Self::Hidden(true) => poll.rules.results = ResultsPolicy::AfterClose,
            Self::Hidden(false) => poll.rules.results = ResultsPolicy::Live,
            Self::Revote(revote) => poll.rules.revote = revote,
            Self::OpensIn(start) => {
                poll.opens_at = start.map(|seconds| at(now + u64::from(seconds)));
            }
            Self::Public(true) => poll.visibility = Visibility::Public,
            Self::Public(false) => poll.visibility = Visibility::Unlisted,
            Self::ExternalRef(number) => poll.external_ref = number.map(external_ref),
            Self::Metadata(number) => {
                poll.metadata = number.map(|n| metadata(&format!("{{ \"n\":{n} }}")));
            }
            Self::ClosesIn(end) => poll.closes_at = end.map(|seconds| at(moment(now, seconds))),
        }
        poll
    }

    /// Returns true if the edit changes a text that voters read.
    pub(crate) const fn is_text(self) -> bool {
        matches!(
            self,
            Self::Title(_) | Self::Description(_) | Self::Rename { .. }
        )
    }

    /// Returns the name of the changed field if the first ballot freezes it.
    pub(crate) const fn frozen(self) -> Option<&'static str> {
        match self {
            Self::AddOption(_) | Self::DropLastOption => Some("options"),
            Self::Multiple(_) => Some("ballot"),
            Self::ByIp(_) => Some("voters"),
            Self::Hidden(_) => Some("results"),
            Self::Revote(_) => Some("revote"),
            Self::OpensIn(_) => Some("opens_at"),
            Self::Nothing
            | Self::Title(_)
            | Self::Description(_)
            | Self::Rename { .. }
            | Self::ClosesIn(_)
            | Self::Public(_)
            | Self::ExternalRef(_)
            | Self::Metadata(_) => None,
        }
    }
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        1 => Just(Edit::Nothing),
        3 => (0..3_u8).prop_map(Edit::Title),
        2 => (0..3_u8).prop_map(Edit::Description),
        3 => (0..3_usize, 0..4_u8).prop_map(|(option, text)| Edit::Rename { option, text }),
        2 => (0..4_u8).prop_map(Edit::AddOption),
        2 => Just(Edit::DropLastOption),
        1 => any::<bool>().prop_map(Edit::Multiple),
        1 => any::<bool>().prop_map(Edit::ByIp),
        1 => any::<bool>().prop_map(Edit::Hidden),
        1 => any::<bool>().prop_map(Edit::Revote),
        2 => option::of(0..20_u8).prop_map(Edit::OpensIn),
        2 => option::of(-5..60_i8).prop_map(Edit::ClosesIn),
        2 => any::<bool>().prop_map(Edit::Public),
        2 => option::of(0..2_u8).prop_map(Edit::ExternalRef),
        1 => option::of(0..3_u8).prop_map(Edit::Metadata),
    ]
}
