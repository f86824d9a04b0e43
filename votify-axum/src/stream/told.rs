use votify_core::tally::ViewPosition;

/// How far a stream has told its viewer: of views with counts and of views without them, which have positions of their own.
#[derive(Debug, Default)]
pub(super) struct Told {
    shown: Option<ViewPosition>,
    hidden: Option<ViewPosition>,
}

impl Told {
    /// What was told already that is newer than this.
    pub(super) fn ahead_of(&self, position: &ViewPosition) -> Option<ViewPosition> {
        let mut told = [self.shown, self.hidden].into_iter().flatten();
        told.find(|told| position.is_older_than(told))
    }

    /// Whether telling this would be a step back.
    pub(super) fn is_ahead_of(&self, position: &ViewPosition) -> bool {
        self.ahead_of(position).is_some()
    }

    /// Notes what is told; older positions change nothing.
    pub(super) fn note(&mut self, position: ViewPosition) {
        if self.is_ahead_of(&position) {
            return;
        }
        match position {
            ViewPosition::Shown(_) => self.shown = Some(position),
            ViewPosition::Hidden { .. } => self.hidden = Some(position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_in_between_does_not_let_counts_go_back() {
        let at = |text: &str| text.parse::<ViewPosition>().unwrap();
        let mut told = Told::default();
        for position in ["1-5", "1-v2", "1-3"] {
            told.note(at(position));
        }
        for (position, behind) in [
            ("1-4", true),
            ("1-5", false),
            ("1-v1", true),
            ("1-v2", false),
            ("2-0", false),
        ] {
            assert_eq!(told.is_ahead_of(&at(position)), behind, "{position}");
        }
        told.note(at("2-0"));
        assert!(told.is_ahead_of(&at("1-9")) && told.is_ahead_of(&at("1-v9")));
    }
}
