use std::error::Error;
use std::sync::Arc;

use votify_core::store::Store;
use votify_core::MemoryStore;

use crate::failure::Failure;
use crate::settings::StoreUrl;
