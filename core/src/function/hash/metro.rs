//! MetroHash64 (version 1), by J. Andrew Rogers, with seed 0.

const K0: u64 = 0xc83a_91e1;
const K1: u64 = 0x8648_dbdb;
const K2: u64 = 0x7bde_c03b;
const K3: u64 = 0x2f58_70a5;

/// The first so many bytes as a number, and what is left.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> u64 {
    let (head, rest): (&'a [u8], &'a [u8]) = bytes.split_at(count);
    *bytes = rest;
    head.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn step(value: u64, key: u64, constant: u64) -> u64 {
    value.wrapping_add(key.wrapping_mul(constant))
}

pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut rest = bytes;
    let mut hash = K2.wrapping_mul(K0).wrapping_add(bytes.len() as u64);
    if rest.len() >= 32 {
        let mut v = [hash; 4];
        while rest.len() >= 32 {
            v[0] = step(v[0], take(&mut rest, 8), K0).rotate_right(29).wrapping_add(v[2]);
            v[1] = step(v[1], take(&mut rest, 8), K1).rotate_right(29).wrapping_add(v[3]);
            v[2] = step(v[2], take(&mut rest, 8), K2).rotate_right(29).wrapping_add(v[0]);
            v[3] = step(v[3], take(&mut rest, 8), K3).rotate_right(29).wrapping_add(v[1]);
        }
        let mix = |a: u64, b: u64, c: u64, outer: u64, inner: u64| {
            a.wrapping_add(b).wrapping_mul(inner).wrapping_add(c).rotate_right(33).wrapping_mul(outer)
        };
        v[2] ^= mix(v[0], v[3], v[1], K1, K0);
        v[3] ^= mix(v[1], v[2], v[0], K0, K1);
        v[0] ^= mix(v[0], v[2], v[3], K1, K0);
        v[1] ^= mix(v[1], v[3], v[2], K0, K1);
        hash = hash.wrapping_add(v[0] ^ v[1]);
    }
    if rest.len() >= 16 {
        let mut a = step(hash, take(&mut rest, 8), K0).rotate_right(33).wrapping_mul(K1);
        let mut b = step(hash, take(&mut rest, 8), K1).rotate_right(33).wrapping_mul(K2);
        a ^= a.wrapping_mul(K0).rotate_right(35).wrapping_add(b);
        b ^= b.wrapping_mul(K3).rotate_right(35).wrapping_add(a);
        hash = hash.wrapping_add(b);
    }
    for (count, turn) in [(8, 33), (4, 15), (2, 13), (1, 25)] {
        if rest.len() >= count {
            hash = step(hash, take(&mut rest, count), K3);
            hash ^= hash.rotate_right(turn).wrapping_mul(K1);
        }
    }
    hash ^= hash.rotate_right(33);
    hash = hash.wrapping_mul(K0);
    hash ^ hash.rotate_right(33)
}
