use votify_core::PollId;

/// Returns the partition of a poll.
///
/// The default of Kafka's own Java client for this key: murmur2, without the sign bit,
/// modulo the number of partitions. It is computed here because librdkafka would follow a
/// change of the number of partitions, and split the order of a poll. Every release must
/// return the same partitions.
pub(crate) fn partition_of(poll: PollId, partitions: u16) -> u16 {
    let hash = murmur2(poll.as_bytes()) & 0x7FFF_FFFF;
    u16::try_from(hash % u32::from(partitions.max(1))).unwrap_or(0)
}

/// MurmurHash2 with 32 bits and Kafka's seed.
fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_B28C;
    const M: u32 = 0x5BD1_E995;
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let (words, tail) = bytes.as_chunks::<4>();
    let mut hash = SEED ^ length;
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        for (index, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of librdkafka's tests, which took them from the Java client.
    #[test]
    fn hashes_are_those_of_the_java_client() {
        for (text, hash) in [
            ("kafka", 0xD067_CF64),
            ("giberish123456789", 0x8F55_2B0C),
            ("1234", 0x9FC9_7B14),
            ("234", 0xE7C0_09CA),
            ("34", 0x8739_30DA),
            ("4", 0x5A4B_5CA1),
            ("", 0x106E_08D9),
        ] {
            assert_eq!(murmur2(text.as_bytes()), hash, "{text}");
        }
    }

    #[test]
    fn partitions_never_change() {
        let partitions: Vec<u16> = (0..12)
            .map(|n| partition_of(PollId::from_bytes([n; 16]), 12))
            .collect();
        assert_eq!(partitions, [4, 11, 7, 11, 7, 4, 9, 0, 11, 1, 7, 7]);
    }

    #[test]
    fn polls_are_spread_over_all_partitions() {
        let mut polls = [0_u32; 12];
        for n in 0..12_000_u128 {
            let poll = PollId::from_bytes(n.to_be_bytes());
            polls[usize::from(partition_of(poll, 12))] += 1;
        }
        assert!(
            polls.iter().all(|polls| (800..1_200).contains(polls)),
            "{polls:?}"
        );
    }
}
