//! The one door for time and randomness.

use std::fmt::Debug;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub trait Clock: Send + Sync + Debug {
    /// Unix time in nanoseconds.
    fn now_ns(&self) -> i64;

    /// Bits that nobody else has.
    fn random(&self) -> u128;

    fn now_ms(&self) -> i64 {
        self.now_ns() / 1_000_000
    }

    /// An id for an object of ours.
    fn random_id(&self) -> String {
        format!("{:032x}", self.random())
    }
}

#[derive(Debug, Default)]
pub struct System;

impl Clock for System {
    fn now_ns(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }

    fn random(&self) -> u128 {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system has random bytes");
        u128::from_le_bytes(bytes)
    }
}

/// Time that stands until it is moved, and the same random numbers for the same seed.
#[derive(Debug)]
pub struct Fake {
    state: Mutex<(i64, u64)>,
}

impl Fake {
    pub fn new(now_ns: i64, seed: u64) -> Fake {
        Fake { state: Mutex::new((now_ns, seed)) }
    }

    pub fn advance(&self, by: Duration) {
        self.state.lock().expect("no panic inside").0 += by.as_nanos() as i64;
    }
}

impl Clock for Fake {
    fn now_ns(&self) -> i64 {
        self.state.lock().expect("no panic inside").0
    }

    fn random(&self) -> u128 {
        let seed = &mut self.state.lock().expect("no panic inside").1;
        (u128::from(split_mix(seed)) << 64) | u128::from(split_mix(seed))
    }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
