//! What a flood of addresses costs the in-memory limiter. A program of its own, because it looks at the process's memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

use votify_core::limit::LimitKey;
use votify_core::{MemoryRateLimiter, Quota, RateLimiter, Timestamp};

const ADDRESSES: u32 = 1_000_000;
const MOST_KIB: u64 = 64 * 1024;

/// The memory that this process holds right now.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

async fn acquire(limiter: &MemoryRateLimiter, address: u32, now: Timestamp) -> bool {
    // Keys are digests, so they are spread over all bytes.
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&address.wrapping_mul(0x9E37_79B9).to_le_bytes());
    bytes[4..8].copy_from_slice(&address.to_le_bytes());
    let key = LimitKey::from_bytes(bytes);
    let permit = limiter.acquire(&key, &Quota::per_minute(10), now).await;
    permit.unwrap().granted
}

#[tokio::test]
async fn a_million_addresses_stay_below_64_mib() {
    let before = resident_kib();
    let limiter = MemoryRateLimiter::new();
    for address in 0..ADDRESSES {
        assert!(acquire(&limiter, address, Timestamp::EPOCH).await);
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < MOST_KIB, "{grown} KiB for a million addresses");
    // Most of them are remembered: shards fill unevenly, and the fuller ones make room.
    let remembered = limiter.key_count();
    assert!(remembered > 900_000, "{remembered}");
    // Another million takes no more.
    for address in ADDRESSES..2 * ADDRESSES {
        acquire(&limiter, address, Timestamp::EPOCH).await;
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < MOST_KIB, "{grown} KiB after two million addresses");
    assert!(limiter.key_count() <= ADDRESSES as usize + 18);
    eprintln!("{grown} KiB for {} keys", limiter.key_count());
}
