//! Random inputs: nothing panics, nothing hangs, everything says what is wrong with it.
//!
//! `FUZZ_INPUTS` and `FUZZ_SEED` say how many and where the random numbers start; `cargo xtask fuzz` sets
//! them. A few thousand of each kind are part of the tests.

mod datafiles;
mod templates;

fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}
