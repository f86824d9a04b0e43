//! Measures the memory of the in-memory limiter under a flood of addresses. A binary of its
//! own, because it reads the memory of the whole process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use votify_core::limit::LimitKey;
use votify_core::{MemoryRateLimiter, Rate, RateLimiter};

const ADDRESSES: u32 = 1_000_000;
const MAX_KIB: u64 = 64 * 1024;

/// Returns the resident memory of this process.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

async fn acquire(limiter: &MemoryRateLimiter, address: u32) -> bool {
    // Real keys are digests: all of their bytes vary. The factor spreads the numbers.
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&address.wrapping_mul(0x9E37_79B9).to_le_bytes());
    bytes[4..8].copy_from_slice(&address.to_le_bytes());
    let key = LimitKey::from_bytes(bytes);
    let permit = limiter.acquire(&key, &Rate::per_minute(10), 1).await;
    permit.unwrap().granted
}

#[tokio::test]
async fn a_million_addresses_use_less_than_64_mib() {
    let before = resident_kib();
    let limiter = MemoryRateLimiter::new();
    for address in 0..ADDRESSES {
        assert!(acquire(&limiter, address).await);
    }
    let growth = resident_kib().saturating_sub(before);
    assert!(growth < MAX_KIB, "{growth} KiB for a million addresses");
    // Shards fill unevenly, and a full shard evicts keys.
    let key_count = limiter.key_count();
    assert!(key_count > 900_000, "only {key_count} keys are stored");
    for address in ADDRESSES..2 * ADDRESSES {
        acquire(&limiter, address).await;
    }
    let growth = resident_kib().saturating_sub(before);
    assert!(growth < MAX_KIB, "{growth} KiB after two million addresses");
    assert!(limiter.key_count() <= ADDRESSES as usize + 18);
    eprintln!("{growth} KiB for {} keys", limiter.key_count());
}
