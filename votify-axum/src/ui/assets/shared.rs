//! The files that pages of every origin may load: the client library and the element.

use super::list::File;

pub(super) const FILES: &[File] = &[];
