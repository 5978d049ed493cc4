//! FarmHash of 64 bits: the fingerprint (`farmhashna`), and the hash that is tuned for 33 to 96 bytes (`farmhashxo`).
//! From 512 bytes on ClickHouse's `farmHash64` takes vector instructions to other results; ours keeps to the fingerprint.

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u64 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")).into()
}

fn shift_mix(value: u64) -> u64 {
    value ^ (value >> 47)
}

fn two(low: u64, high: u64, multiplier: u64) -> u64 {
    let a = shift_mix((low ^ high).wrapping_mul(multiplier));
    shift_mix((high ^ a).wrapping_mul(multiplier)).wrapping_mul(multiplier)
}

pub(super) fn combine_fingerprints(low: u64, high: u64) -> u64 {
    const MULTIPLIER: u64 = 0x9ddf_ea08_eb38_2d69;
    let a = shift_mix((low ^ high).wrapping_mul(MULTIPLIER));
    let mut b = (high ^ a).wrapping_mul(MULTIPLIER);
    b = (b ^ b >> 44).wrapping_mul(MULTIPLIER);
    (b ^ b >> 41).wrapping_mul(MULTIPLIER)
}

fn up_to_16(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let multiplier = K2.wrapping_add(length as u64 * 2);
    if length >= 8 {
        let a = u64_at(bytes, 0).wrapping_add(K2);
        let b = u64_at(bytes, length - 8);
        let c = b.rotate_right(37).wrapping_mul(multiplier).wrapping_add(a);
        let d = a.rotate_right(25).wrapping_add(b).wrapping_mul(multiplier);
        return two(c, d, multiplier);
    }
    if length >= 4 {
        return two((length as u64).wrapping_add(u32_at(bytes, 0) << 3), u32_at(bytes, length - 4), multiplier);
    }
    if length > 0 {
        let (a, b, c) = (bytes[0], bytes[length >> 1], bytes[length - 1]);
        let y = u64::from(u32::from(a) + (u32::from(b) << 8));
        let z = u64::from(length as u32 + (u32::from(c) << 2));
        return shift_mix(y.wrapping_mul(K2) ^ z.wrapping_mul(K0)).wrapping_mul(K2);
    }
    K2
}

/// The core of 17 to 32 bytes, which longer texts use too.
fn half(bytes: &[u8], multiplier: u64, first: u64, second: u64) -> u64 {
    let length = bytes.len();
    let a = u64_at(bytes, 0).wrapping_mul(K1);
    let b = u64_at(bytes, 8);
    let c = u64_at(bytes, length - 8).wrapping_mul(multiplier);
    let d = u64_at(bytes, length - 16).wrapping_mul(K2);
    let u = a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d).wrapping_add(first);
    let v = a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c).wrapping_add(second);
    let a = shift_mix((u ^ v).wrapping_mul(multiplier));
    shift_mix((v ^ a).wrapping_mul(multiplier))
}

fn up_to_32(bytes: &[u8]) -> u64 {
    let multiplier = K2.wrapping_add(bytes.len() as u64 * 2);
    half(bytes, multiplier, 0, 0).wrapping_mul(multiplier)
}

fn up_to_64(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let m = K2.wrapping_add(length as u64 * 2);
    let a = u64_at(bytes, 0).wrapping_mul(K2);
    let b = u64_at(bytes, 8);
    let c = u64_at(bytes, length - 8).wrapping_mul(m);
    let d = u64_at(bytes, length - 16).wrapping_mul(K2);
    let y = a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d);
    let z = two(y, a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c), m);
    let e = u64_at(bytes, 16).wrapping_mul(m);
    let f = u64_at(bytes, 24);
    let g = y.wrapping_add(u64_at(bytes, length - 32)).wrapping_mul(m);
    let h = z.wrapping_add(u64_at(bytes, length - 24)).wrapping_mul(m);
    two(
        e.wrapping_add(f).rotate_right(43).wrapping_add(g.rotate_right(30)).wrapping_add(h),
        e.wrapping_add(f.wrapping_add(a).rotate_right(18)).wrapping_add(g),
        m,
    )
}

fn weak(bytes: &[u8], at: usize, a: u64, b: u64) -> (u64, u64) {
    let (w, x, y, z) = (u64_at(bytes, at), u64_at(bytes, at + 8), u64_at(bytes, at + 16), u64_at(bytes, at + 24));
    let mut a = a.wrapping_add(w);
    let mut b = b.wrapping_add(a).wrapping_add(z).rotate_right(21);
    let c = a;
    a = a.wrapping_add(x).wrapping_add(y);
    b = b.wrapping_add(a.rotate_right(44));
    (a.wrapping_add(z), b.wrapping_add(c))
}

struct Long {
    x: u64,
    y: u64,
    z: u64,
    v: (u64, u64),
    w: (u64, u64),
}

impl Long {
    /// One block of 64 bytes; the last one weighs some parts more.
    fn block(&mut self, bytes: &[u8], at: usize, multiplier: u64, weight: u64) {
        let Long { x, y, z, v, w } = self;
        *x = x.wrapping_add(*y).wrapping_add(v.0).wrapping_add(u64_at(bytes, at + 8)).rotate_right(37);
        *x = x.wrapping_mul(multiplier) ^ w.1.wrapping_mul(weight);
        *y = y.wrapping_add(v.1).wrapping_add(u64_at(bytes, at + 48)).rotate_right(42).wrapping_mul(multiplier);
        *y = y.wrapping_add(v.0.wrapping_mul(weight)).wrapping_add(u64_at(bytes, at + 40));
        *z = z.wrapping_add(w.0).rotate_right(33).wrapping_mul(multiplier);
        *v = weak(bytes, at, v.1.wrapping_mul(multiplier), x.wrapping_add(w.0));
        *w = weak(bytes, at + 32, z.wrapping_add(w.1), y.wrapping_add(u64_at(bytes, at + 16)));
        std::mem::swap(z, x);
    }
}

fn longer(bytes: &[u8]) -> u64 {
    let seed = 81u64;
    let y = seed.wrapping_mul(K1).wrapping_add(113);
    let z = shift_mix(y.wrapping_mul(K2).wrapping_add(113)).wrapping_mul(K2);
    let x = seed.wrapping_mul(K2).wrapping_add(u64_at(bytes, 0));
    let mut long = Long { x, y, z, v: (0, 0), w: (0, 0) };
    let last = (bytes.len() - 1) / 64 * 64;
    (0..last).step_by(64).for_each(|at| long.block(bytes, at, K1, 1));
    let multiplier = K1.wrapping_add((long.z & 0xff) << 1);
    long.w.0 = long.w.0.wrapping_add((bytes.len() as u64 - 1) & 63);
    long.v.0 = long.v.0.wrapping_add(long.w.0);
    long.w.0 = long.w.0.wrapping_add(long.v.0);
    long.block(bytes, bytes.len() - 64, multiplier, 9);
    two(
        two(long.v.0, long.w.0, multiplier).wrapping_add(shift_mix(long.y).wrapping_mul(K0)).wrapping_add(long.z),
        two(long.v.1, long.w.1, multiplier).wrapping_add(long.x),
        multiplier,
    )
}

pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0..=16 => up_to_16(bytes),
        17..=32 => up_to_32(bytes),
        33..=64 => up_to_64(bytes),
        _ => longer(bytes),
    }
}

pub(super) fn hash(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    match length {
        33..=64 => {
            let (m0, m1) = (K2.wrapping_sub(30), K2.wrapping_sub(30).wrapping_add(2 * length as u64));
            let (h0, h1) = (half(&bytes[..32], m0, 0, 0), half(&bytes[length - 32..], m1, 0, 0));
            h1.wrapping_mul(m1).wrapping_add(h0).wrapping_mul(m1)
        }
        65..=96 => {
            let (m0, m1) = (K2.wrapping_sub(114), K2.wrapping_sub(114).wrapping_add(2 * length as u64));
            let (h0, h1) = (half(&bytes[..32], m0, 0, 0), half(&bytes[32..64], m1, 0, 0));
            let h2 = half(&bytes[length - 32..], m1, h0, h1);
            h2.wrapping_mul(9).wrapping_add(h0 >> 17).wrapping_add(h1 >> 21).wrapping_mul(m1)
        }
        _ => fingerprint(bytes),
    }
}
