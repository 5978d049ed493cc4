//! wyhash, final version 3, by Wang Yi, with seed 0.

const SECRET: [u64; 4] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3, 0x5899_65cc_7537_4cc3];

fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u64 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")).into()
}

pub(super) fn hash(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let mut seed = SECRET[0];
    let (a, b) = match length {
        0 => (0, 0),
        1..4 => (u64::from(bytes[0]) << 16 | u64::from(bytes[length >> 1]) << 8 | u64::from(bytes[length - 1]), 0),
        4..=16 => {
            let inner = (length >> 3) << 2;
            let a = u32_at(bytes, 0) << 32 | u32_at(bytes, inner);
            (a, u32_at(bytes, length - 4) << 32 | u32_at(bytes, length - 4 - inner))
        }
        _ => {
            let (mut at, mut left) = (0, length);
            if left > 48 {
                let (mut second, mut third) = (seed, seed);
                while left > 48 {
                    seed = mix(u64_at(bytes, at) ^ SECRET[1], u64_at(bytes, at + 8) ^ seed);
                    second = mix(u64_at(bytes, at + 16) ^ SECRET[2], u64_at(bytes, at + 24) ^ second);
                    third = mix(u64_at(bytes, at + 32) ^ SECRET[3], u64_at(bytes, at + 40) ^ third);
                    at += 48;
                    left -= 48;
                }
                seed ^= second ^ third;
            }
            while left > 16 {
                seed = mix(u64_at(bytes, at) ^ SECRET[1], u64_at(bytes, at + 8) ^ seed);
                at += 16;
                left -= 16;
            }
            (u64_at(bytes, length - 16), u64_at(bytes, length - 8))
        }
    };
    mix(SECRET[1] ^ length as u64, mix(a ^ SECRET[1], b ^ seed))
}

pub(super) fn combine(left: u64, right: u64) -> u64 {
    hash(&(u128::from(left) | u128::from(right) << 64).to_le_bytes())
}
