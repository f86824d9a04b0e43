use votify_core::tally::ViewPosition;

/// The last positions that a stream sent. Views with counts and views without have
/// positions of their own.
#[derive(Debug, Default)]
pub(super) struct LastSent {
    shown: Option<ViewPosition>,
    hidden: Option<ViewPosition>,
}

impl LastSent {
    /// Returns a sent position that is newer than `position`.
    pub(super) fn newer_than(&self, position: &ViewPosition) -> Option<ViewPosition> {
        let mut sent = [self.shown, self.hidden].into_iter().flatten();
        sent.find(|sent| position.is_older_than(sent))
    }

    /// Returns true if a newer position than `position` was sent.
    pub(super) fn is_newer_than(&self, position: &ViewPosition) -> bool {
        self.newer_than(position).is_some()
    }

    /// Records a sent position. Older positions are ignored.
    pub(super) fn record(&mut self, position: ViewPosition) {
        if self.is_newer_than(&position) {
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
    fn positions_with_and_without_counts_are_tracked_separately() {
        let at = |text: &str| text.parse::<ViewPosition>().unwrap();
        let mut last_sent = LastSent::default();
        for position in ["1-5", "1-v2", "1-3"] {
            last_sent.record(at(position));
        }
        for (position, is_old) in [
            ("1-4", true),
            ("1-5", false),
            ("1-v1", true),
            ("1-v2", false),
            ("2-0", false),
        ] {
            assert_eq!(last_sent.is_newer_than(&at(position)), is_old, "{position}");
        }
        last_sent.record(at("2-0"));
        assert!(last_sent.is_newer_than(&at("1-9")) && last_sent.is_newer_than(&at("1-v9")));
    }
}
