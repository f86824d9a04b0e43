use std::sync::{Arc, Mutex, PoisonError};

use super::layout::Layout;
use crate::extract::caller::RequestCaller;

/// Passes the caller and the layout of a page from its extractor to the page of an error, in
/// the extensions of the request. Without it, an error would start a second session, and ask
/// the host again.
#[derive(Debug, Clone, Default)]
pub(super) struct PageSlot(Arc<Mutex<Option<Box<Visitor>>>>);

type Visitor = (Layout, RequestCaller);

impl PageSlot {
    pub(super) fn fill(&self, layout: &Layout, caller: &RequestCaller) {
        let content = Box::new((layout.clone(), caller.clone()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(content);
    }

    /// Returns `None` if the request did not reach the extractor of a page.
    pub(super) fn take(&self) -> Option<Visitor> {
        let content = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        content.map(|content| *content)
    }
}
