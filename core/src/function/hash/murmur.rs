//! Austin Appleby's MurmurHash, versions 2 and 3.

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn tail(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Version 2 of 32 bits.
pub(super) fn two32(bytes: &[u8], seed: u32) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = seed ^ bytes.len() as u32;
    let (blocks, rest) = bytes.as_chunks::<4>();
    for block in blocks {
        let mut key = u32::from_le_bytes(*block).wrapping_mul(M);
        key ^= key >> 24;
        hash = hash.wrapping_mul(M) ^ key.wrapping_mul(M);
    }
    if !rest.is_empty() {
        hash = (hash ^ tail(rest) as u32).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

/// Version 2 of 64 bits (64A).
pub(super) fn two64(bytes: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(M);
    let (blocks, rest) = bytes.as_chunks::<8>();
    for block in blocks {
        let mut key = u64::from_le_bytes(*block).wrapping_mul(M);
        key ^= key >> 47;
        hash = (hash ^ key.wrapping_mul(M)).wrapping_mul(M);
    }
    if !rest.is_empty() {
        hash = (hash ^ tail(rest)).wrapping_mul(M);
    }
    hash ^= hash >> 47;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 47
}

/// Version 3 of 32 bits.
pub(super) fn three32(bytes: &[u8]) -> u32 {
    let scrambled = |key: u32| key.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let mut hash = 0u32;
    let (blocks, rest) = bytes.as_chunks::<4>();
    for block in blocks {
        hash ^= scrambled(u32::from_le_bytes(*block));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    hash ^= scrambled(tail(rest) as u32) ^ bytes.len() as u32;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

/// Version 3 of 128 bits, as 64-bit machines have it.
pub(super) fn three128(bytes: &[u8]) -> u128 {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let low = |key: u64| key.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let high = |key: u64| key.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let (mut first, mut second) = (0u64, 0u64);
    let (blocks, rest) = bytes.as_chunks::<16>();
    for block in blocks {
        first ^= low(u64_at(block, 0));
        first = first.rotate_left(27).wrapping_add(second).wrapping_mul(5).wrapping_add(0x52dc_e729);
        second ^= high(u64_at(block, 8));
        second = second.rotate_left(31).wrapping_add(first).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (head, end) = rest.split_at(rest.len().min(8));
    second ^= high(tail(end));
    first ^= low(tail(head));
    first ^= bytes.len() as u64;
    second ^= bytes.len() as u64;
    first = first.wrapping_add(second);
    second = second.wrapping_add(first);
    first = super::functions::mixed(first);
    second = super::functions::mixed(second);
    first = first.wrapping_add(second);
    second = second.wrapping_add(first);
    u128::from(first) | u128::from(second) << 64
}

pub(super) fn three64(bytes: &[u8]) -> u64 {
    let both = three128(bytes);
    both as u64 ^ (both >> 64) as u64
}
