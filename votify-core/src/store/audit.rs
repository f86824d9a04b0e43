use crate::tally::Tally;

/// A kept tally beside a recount of the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// What the store keeps and shows.
    pub stored: Tally,
    /// What its ballots say.
    pub recounted: Tally,
}

impl Audit {
    /// Whether both agree, as they always should.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.stored == self.recounted
    }
}
