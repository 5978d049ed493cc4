//! The order of `groupUniqArray`: that of ClickHouse's hash tables, so that its answers are the same.

use super::Sequence;
use crate::function::aggregate::bytes::Reader;
use crate::function::aggregate::cell::{Layout, Order};
use crate::function::aggregate::uniq::crc32c_from;
use crate::function::hash::{city, mixed};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Hashing {
    /// One byte: its own place.
    Byte,
    Number,
    Float,
    Text,
    Bytes,
}

impl Hashing {
    pub(super) fn of(layout: &Layout) -> Hashing {
        match layout {
            Layout::Bool | Layout::Fixed(1, _) => Hashing::Byte,
            Layout::Fixed(4 | 8, Order::Float) => Hashing::Float,
            Layout::Fixed(2..=8, _) => Hashing::Number,
            Layout::Text => Hashing::Text,
            _ => Hashing::Bytes,
        }
    }

    /// `None` for the value that tables keep apart: zero, the empty text.
    fn hash(self, value: &[u8]) -> Option<usize> {
        match self {
            Hashing::Byte => value.first().map(|byte| usize::from(*byte)),
            Hashing::Number | Hashing::Float => {
                let mut word = [0; 8];
                word[..value.len()].copy_from_slice(value);
                match (u64::from_le_bytes(word), self) {
                    (0, _) => None,
                    (word, Hashing::Float) => Some(mixed(word) as usize),
                    (word, _) => Some(crc32c_from(u32::MAX, word) as usize),
                }
            }
            Hashing::Text => hash_text(Reader::new(value).piece().unwrap_or_default()),
            Hashing::Bytes => hash_text(value),
        }
    }
}

fn hash_text(text: &[u8]) -> Option<usize> {
    match text.len() {
        0 => None,
        1..8 => Some(city::hash(text) as u32 as usize),
        length => {
            let word = |at: usize| u64::from_le_bytes(text[at..at + 8].try_into().expect("eight bytes"));
            let mut crc = u32::MAX;
            let mut at = 0;
            loop {
                crc = crc32c_from(crc, word(at));
                at += 8;
                if at + 8 >= length {
                    break;
                }
            }
            // the last word overlaps the one before
            Some(crc32c_from(crc, word(length - 8)) as usize)
        }
    }
}

const NOTHING: u32 = u32::MAX;

/// The numbers of different values, as a table that they are put into one after the other lists them.
pub(super) fn of_set(values: &Sequence, hashing: Hashing) -> Vec<usize> {
    let hashes: Vec<Option<usize>> = values.iter().map(|value| hashing.hash(value)).collect();
    let apart = hashes.iter().position(Option::is_none);
    if hashing == Hashing::Byte {
        let mut order: Vec<usize> = (0..hashes.len()).collect();
        order.sort_by_key(|index| hashes[*index]);
        return order;
    }
    let hash = |index: usize| hashes[index].unwrap_or_default();
    let first = if matches!(hashing, Hashing::Number | Hashing::Float) { 16 } else { 8 };
    let mut table = vec![NOTHING; first];
    let mut count = 0;
    for index in 0..hashes.len() {
        count += 1;
        if Some(index) == apart {
            continue;
        }
        let place = free_place(&table, hash(index), index as u32);
        table[place] = index as u32;
        if count > table.len() / 2 {
            grow(&mut table, hash);
        }
    }
    apart.into_iter().chain(table.into_iter().filter(|index| *index != NOTHING).map(|index| index as usize)).collect()
}

/// Where the value is, or would be put.
fn free_place(table: &[u32], hash: usize, index: u32) -> usize {
    let mask = table.len() - 1;
    let mut place = hash & mask;
    while table[place] != NOTHING && table[place] != index {
        place = (place + 1) & mask;
    }
    place
}

/// Values move to their new places one by one, within the same memory.
fn grow(table: &mut Vec<u32>, hash: impl Fn(usize) -> usize) {
    let old = table.len();
    table.resize(if old >= 1 << 23 { old * 2 } else { old * 4 }, NOTHING);
    let mut place = 0;
    // also those that the first pass put behind the old end
    while place < old || place < table.len() && table[place] != NOTHING {
        let index = table[place];
        if index != NOTHING {
            let new = free_place(table, hash(index as usize), index);
            if new != place {
                table[new] = index;
                table[place] = NOTHING;
            }
        }
        place += 1;
    }
}
