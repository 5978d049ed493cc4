//! The bytes of saved states: little-endian numbers, lengths as LEB128 varints, nothing aligned.

use datafusion::common::{Result as EngineResult, exec_err};

/// Reads what was saved. Bytes that do not fit are an error, never a panic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

macro_rules! numbers {
    ($($name:ident),*) => {
        $(pub(crate) fn $name(&mut self) -> EngineResult<$name> {
            let bytes = self.take(size_of::<$name>())?;
            Ok($name::from_le_bytes(bytes.try_into().expect("take gives as many as asked for")))
        })*
    };
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn take(&mut self, bytes: usize) -> EngineResult<&'a [u8]> {
        match self.0.split_at_checked(bytes) {
            Some((taken, rest)) => {
                self.0 = rest;
                Ok(taken)
            }
            None => exec_err!("a saved aggregate state is cut short: {bytes} bytes wanted, {} left", self.0.len()),
        }
    }

    numbers!(u8, u32, u64, i64, u128, f64);

    pub(crate) fn varint(&mut self) -> EngineResult<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        exec_err!("a saved aggregate state has a number of more than 64 bits")
    }

    /// How many things of at least so many bytes each follow.
    pub(crate) fn count(&mut self, bytes_each: usize) -> EngineResult<usize> {
        let count = self.varint()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.0.len() / bytes_each.max(1) => Ok(count),
            _ => exec_err!("a saved aggregate state says {count} where {} bytes are left", self.0.len()),
        }
    }

    /// What [`put_piece`] wrote.
    pub(crate) fn piece(&mut self) -> EngineResult<&'a [u8]> {
        let bytes = self.count(1)?;
        self.take(bytes)
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> EngineResult<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        exec_err!("a saved aggregate state has {} bytes too many", self.0.len())
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// `length, bytes`
pub(crate) fn put_piece(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Small numbers of either sign as small numbers.
pub(crate) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

pub(crate) fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
