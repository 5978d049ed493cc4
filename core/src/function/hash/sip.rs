//! SipHash-2-4, with 128 bits as ClickHouse takes them: both halves out of one finalization.

pub(super) struct Sip {
    state: [u64; 4],
}

impl Sip {
    fn new(first: u64, second: u64) -> Sip {
        Sip {
            state: [
                0x736f_6d65_7073_6575 ^ first,
                0x646f_7261_6e64_6f6d ^ second,
                0x6c79_6765_6e65_7261 ^ first,
                0x7465_6462_7974_6573 ^ second,
            ],
        }
    }

    #[inline]
    fn round(&mut self) {
        let [v0, v1, v2, v3] = &mut self.state;
        *v0 = v0.wrapping_add(*v1);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v3);
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.wrapping_add(*v3);
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.wrapping_add(*v1);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v2 = v2.rotate_left(32);
    }

    fn block(&mut self, block: u64) {
        self.state[3] ^= block;
        self.round();
        self.round();
        self.state[0] ^= block;
    }

    fn finish(self, bytes: &[u8]) -> [u64; 4] {
        self.finish_with(bytes, 0xff)
    }

    fn finish_with(mut self, bytes: &[u8], mark: u64) -> [u64; 4] {
        let (blocks, tail) = bytes.as_chunks::<8>();
        blocks.iter().for_each(|block| self.block(u64::from_le_bytes(*block)));
        let mut last = [0; 8];
        last[..tail.len()].copy_from_slice(tail);
        last[7] = bytes.len() as u8;
        self.block(u64::from_le_bytes(last));
        self.state[2] ^= mark;
        (0..4).for_each(|_| self.round());
        self.state
    }
}

/// The 128 bits of SipHash's authors.
pub(super) fn reference128(first: u64, second: u64, bytes: &[u8]) -> u128 {
    let mut sip = Sip::new(first, second);
    sip.state[1] ^= 0xee;
    let mut sip = Sip { state: sip.finish_with(bytes, 0xee) };
    let low = sip.state.iter().fold(0, |hash, one| hash ^ one);
    sip.state[1] ^= 0xdd;
    (0..4).for_each(|_| sip.round());
    let high = sip.state.iter().fold(0, |hash, one| hash ^ one);
    u128::from(low) | u128::from(high) << 64
}

pub(super) fn keyed64(first: u64, second: u64, bytes: &[u8]) -> u64 {
    let [v0, v1, v2, v3] = Sip::new(first, second).finish(bytes);
    v0 ^ v1 ^ v2 ^ v3
}

pub(super) fn keyed128(first: u64, second: u64, bytes: &[u8]) -> u128 {
    let [v0, v1, v2, v3] = Sip::new(first, second).finish(bytes);
    u128::from(v0 ^ v1) | u128::from(v2 ^ v3) << 64
}

pub(super) fn hash64(bytes: &[u8]) -> u64 {
    keyed64(0, 0, bytes)
}

pub(super) fn hash128(bytes: &[u8]) -> u128 {
    keyed128(0, 0, bytes)
}

fn pair64(left: u64, right: u64) -> [u8; 16] {
    (u128::from(left) | u128::from(right) << 64).to_le_bytes()
}

pub(super) fn combine64(left: u64, right: u64) -> u64 {
    hash64(&pair64(left, right))
}

pub(super) fn combine128(left: u128, right: u128) -> u128 {
    hash128(&pair128(left, right))
}

pub(super) fn pair128(left: u128, right: u128) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&left.to_le_bytes());
    bytes[16..].copy_from_slice(&right.to_le_bytes());
    bytes
}
