use uuid::Uuid;
use votify_core::PollId;

/// What a response shows of a poll besides its texts and counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Presentation {
    /// The URL of a poll's page without the id. `None` if no pages are served.
    pub(crate) pages: Option<String>,
    /// True if `external_ref` and `metadata` are shown.
    pub(crate) host_fields: bool,
}

impl Presentation {
    /// Returns the URL of a poll's page.
    pub(crate) fn page_url(&self, id: &PollId) -> Option<String> {
        let id: &Uuid = id.as_uuid();
        self.pages.as_ref().map(|pages| format!("{pages}{id}"))
    }

    /// Returns a text that differs from that of every other presentation.
    pub(crate) fn variant(&self) -> String {
        let host_fields = if self.host_fields { "host " } else { "" };
        format!("{host_fields}{}", self.pages.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presentations_have_different_variants() {
        let mut variants = Vec::new();
        for pages in [None, Some("/p/"), Some("/votes/p/")] {
            for host_fields in [false, true] {
                let pages = pages.map(str::to_owned);
                variants.push(Presentation { pages, host_fields }.variant());
            }
        }
        variants.sort();
        variants.dedup();
        assert_eq!(variants.len(), 6);
    }
}
