//! CityHash 1.0.2 of 64 bits, which ClickHouse has frozen: later versions of CityHash differ.

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;
const K3: u64 = 0xc949_d7c7_509e_6557;

/// Hashes two numbers into one.
#[inline]
pub(crate) fn combine(low: u64, high: u64) -> u64 {
    const MULTIPLIER: u64 = 0x9ddf_ea08_eb38_2d69;
    let a = shift_mix((low ^ high).wrapping_mul(MULTIPLIER));
    let b = shift_mix((high ^ a).wrapping_mul(MULTIPLIER));
    b.wrapping_mul(MULTIPLIER)
}

#[inline]
fn shift_mix(value: u64) -> u64 {
    value ^ (value >> 47)
}

#[inline]
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> u64 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")).into()
}

pub(crate) fn hash(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0..=16 => up_to_16(bytes),
        17..=32 => up_to_32(bytes),
        33..=64 => up_to_64(bytes),
        _ => longer(bytes),
    }
}

fn up_to_16(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    if length > 8 {
        let (a, b) = (u64_at(bytes, 0), u64_at(bytes, length - 8));
        let rotated = b.wrapping_add(length as u64).rotate_right(length as u32);
        return combine(a, rotated) ^ b;
    }
    if length >= 4 {
        let a = u32_at(bytes, 0);
        return combine((length as u64).wrapping_add(a << 3), u32_at(bytes, length - 4));
    }
    if length > 0 {
        let (a, b, c) = (bytes[0], bytes[length >> 1], bytes[length - 1]);
        let y = u64::from(u32::from(a) + (u32::from(b) << 8));
        let z = u64::from(length as u32 + (u32::from(c) << 2));
        return shift_mix(y.wrapping_mul(K2) ^ z.wrapping_mul(K3)).wrapping_mul(K2);
    }
    K2
}

fn up_to_32(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let a = u64_at(bytes, 0).wrapping_mul(K1);
    let b = u64_at(bytes, 8);
    let c = u64_at(bytes, length - 8).wrapping_mul(K2);
    let d = u64_at(bytes, length - 16).wrapping_mul(K0);
    combine(
        a.wrapping_sub(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d),
        a.wrapping_add((b ^ K3).rotate_right(20)).wrapping_sub(c).wrapping_add(length as u64),
    )
}

fn up_to_64(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let half = |mut a: u64, z: u64, next: usize| {
        let b = a.wrapping_add(z).rotate_right(52);
        let mut c = a.rotate_right(37);
        a = a.wrapping_add(u64_at(bytes, next));
        c = c.wrapping_add(a.rotate_right(7));
        a = a.wrapping_add(u64_at(bytes, next + 8));
        (a.wrapping_add(z), b.wrapping_add(a.rotate_right(31)).wrapping_add(c))
    };
    let start = (length as u64).wrapping_add(u64_at(bytes, length - 16)).wrapping_mul(K0);
    let (v_first, v_second) = half(u64_at(bytes, 0).wrapping_add(start), u64_at(bytes, 24), 8);
    let (w_first, w_second) =
        half(u64_at(bytes, 16).wrapping_add(u64_at(bytes, length - 32)), u64_at(bytes, length - 8), length - 24);
    let mixed = v_first.wrapping_add(w_second).wrapping_mul(K2);
    let r = shift_mix(mixed.wrapping_add(w_first.wrapping_add(v_second).wrapping_mul(K0)));
    shift_mix(r.wrapping_mul(K0).wrapping_add(v_second)).wrapping_mul(K2)
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

fn longer(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let mut x = u64_at(bytes, 0);
    let mut y = u64_at(bytes, length - 16) ^ K1;
    let mut z = u64_at(bytes, length - 56) ^ K0;
    let mut v = weak(bytes, length - 64, length as u64, y);
    let mut w = weak(bytes, length - 32, (length as u64).wrapping_mul(K1), K0);
    z = z.wrapping_add(shift_mix(v.1).wrapping_mul(K1));
    x = z.wrapping_add(x).rotate_right(39).wrapping_mul(K1);
    y = y.rotate_right(33).wrapping_mul(K1);
    for at in (0..(length - 1) & !63).step_by(64) {
        x = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(u64_at(bytes, at + 16)).rotate_right(37).wrapping_mul(K1);
        y = y.wrapping_add(v.1).wrapping_add(u64_at(bytes, at + 48)).rotate_right(42).wrapping_mul(K1);
        x ^= w.1;
        y ^= v.0;
        z = (z ^ w.0).rotate_right(33);
        v = weak(bytes, at, v.1.wrapping_mul(K1), x.wrapping_add(w.0));
        w = weak(bytes, at + 32, z.wrapping_add(w.1), y);
        std::mem::swap(&mut z, &mut x);
    }
    combine(
        combine(v.0, w.0).wrapping_add(shift_mix(y).wrapping_mul(K1)).wrapping_add(z),
        combine(v.1, w.1).wrapping_add(x),
    )
}

#[cfg(test)]
mod tests {
    use super::hash;

    /// As ClickHouse's `cityHash64(repeat('0123456789', n))` cut to each length class says.
    #[test]
    fn agrees_with_clickhouse() {
        let text = "0123456789".repeat(20);
        for (length, expected) in super::super::CITY_OF_DIGITS {
            assert_eq!(hash(&text.as_bytes()[..*length]), *expected, "{length} bytes");
        }
    }
}
