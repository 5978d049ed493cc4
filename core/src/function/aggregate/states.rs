//! What an aggregate function of ours remembers, for all groups of one call, and how that is stored.
//!
//! ```text
//! stored state   nothing                        no rows; what a column holds where nothing was written
//!              | version  kind  payload
//!
//! version        1 byte: 1
//! kind           1 byte: [`Kind`] of the base function, which says what its payload is
//! payload        of the base function, as its file says; combinators around it have
//!   -If, -Array, -State, -Merge, -SimpleState     the payload of what they wrap
//!   Nullable arguments, -OrNull, -OrDefault       the same, or nothing if no row counted
//!   -Distinct                                     the different rows (`cell`), end to end
//!   -ForEach, -Resample                           count (varint), payload of each
//!   -Map                                          count (varint), key (`cell`) and payload of each
//!   -ArgMin, -ArgMax                              the key (`cell`), payload
//!   where each payload among others is: length (varint), bytes
//! ```
//!
//! Partial aggregation and spilling use the same bytes. A function that changes its payload gets a new
//! [`Kind`] and keeps reading the old one; `tests/states.txt` has samples of every kind, which must merge forever.

use arrow::array::*;
use datafusion::common::{Result as EngineResult, exec_err};
use std::fmt::Debug;
use std::sync::Arc;

/// The first byte of a stored state.
const VERSION: u8 = 1;

/// Which payload a stored state has. Numbers are never used again for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    Nothing = 0,
    Count = 1,
    Sum = 2,
    Avg = 3,
    Extreme = 4,
    Any = 5,
    ArgExtreme = 6,
    Uniq = 7,
    UniqExact = 8,
    Reservoir = 9,
    AllNumbers = 10,
    Moments = 11,
    GroupArray = 12,
    GroupUniqArray = 13,
    TopK = 14,
    Funnel = 15,
    Digest = 17,
    Weighted = 18,
    Deterministic = 19,
    Pairs = 20,
    Powers = 21,
    Bits = 22,
    Bitmap = 23,
    SumMap = 24,
    Retention = 25,
    Sequence = 26,
    Counts = 27,
    Histogram = 28,
    Delta = 29,
    Intervals = 30,
    Bounding = 31,
    Regression = 32,
    Decay = 33,
    Samples = 34,
    Heavy = 35,
    Kahan = 36,
    Moving = 37,
    InsertAt = 38,
    Intersect = 39,
    Concat = 40,
    Sketch = 41,
    Sorted = 42,
    Single = 43,
    Timing = 44,
    Ranks = 45,
}

/// The payload of a stored state; `None` if it stands for no rows.
pub(crate) fn payload(stored: &[u8], kind: Kind) -> EngineResult<Option<&[u8]>> {
    match stored {
        [] => Ok(None),
        [VERSION, found, payload @ ..] if *found == kind as u8 => Ok(Some(payload).filter(|bytes| !bytes.is_empty())),
        [VERSION, found, ..] => exec_err!("a stored aggregate state is of kind {found}, not {kind:?}"),
        _ => exec_err!("a stored aggregate state of {} bytes is of no known version", stored.len()),
    }
}

/// The stored states of the first groups.
pub(crate) fn stored(states: &dyn States, kind: Kind, groups: usize) -> ArrayRef {
    let mut out = BinaryBuilder::with_capacity(groups, groups * 4);
    let mut buffer = vec![VERSION, kind as u8];
    for group in 0..groups {
        buffer.truncate(2);
        states.save(group, &mut buffer);
        out.append_value(if buffer.len() > 2 { buffer.as_slice() } else { &[] });
    }
    Arc::new(out.finish())
}

/// The rows of a batch that count, each with its group: NULLs and filtered rows are gone already.
pub(crate) struct Rows<'a> {
    /// The group of every row, of those that do not count too.
    pub(crate) groups: &'a [usize],
    /// The rows that count, if not all do.
    pub(crate) kept: Option<&'a [u32]>,
}

impl Rows<'_> {
    /// Rows with their groups.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        let all = if self.kept.is_none() { self.groups } else { &[] };
        let kept = self.kept.unwrap_or_default();
        all.iter().copied().enumerate().chain(kept.iter().map(|row| (*row as usize, self.groups[*row as usize])))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty() || self.kept.is_some_and(<[u32]>::is_empty)
    }
}

/// The states of all groups. Combinators wrap a `dyn States`, so this is all that a function has to be.
pub(crate) trait States: Send + Sync + Debug {
    /// Makes room for so many groups, which start empty.
    fn resize(&mut self, groups: usize);
    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()>;
    /// The bytes come from [`States::save`], of this version or an older one, on any machine. They are not empty.
    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()>;
    /// Adds the payload of one group: nothing, only if no row was added; something, if one was.
    fn save(&self, group: usize, out: &mut Vec<u8>);
    /// The values of the first groups.
    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef>;
    /// Forgets the first groups; the others move down.
    fn forget(&mut self, groups: usize);
    /// Makes one group as if new.
    fn reset(&mut self, group: usize);
    fn bytes(&self) -> usize;
}

/// What one group remembers.
pub(crate) trait State: Default + Send + Sync + Debug {
    /// The payload, unless the function writes it itself ([`Fold::save`]).
    fn save(&self, _out: &mut Vec<u8>) {}
    /// Bytes on the heap.
    fn bytes(&self) -> usize {
        0
    }
}

/// How rows get into states, and values out.
pub(crate) trait Fold: Send + Sync + Debug {
    type State: State;
    fn update(&self, states: &mut [Self::State], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()>;
    fn save(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.save(out);
    }
    /// Adds what was saved.
    fn merge(&self, state: &mut Self::State, bytes: &[u8]) -> EngineResult<()>;
    fn finish(&self, states: &[Self::State]) -> EngineResult<ArrayRef>;
}

/// Makes the states of one call.
pub(crate) type New = Arc<dyn Fn() -> Box<dyn States> + Send + Sync>;

/// One state for each group, side by side.
pub(crate) fn each<F: Fold + 'static>(fold: F) -> New {
    let fold = Arc::new(fold);
    Arc::new(move || Box::new(Each { fold: fold.clone(), states: Vec::new() }))
}

#[derive(Debug)]
struct Each<F: Fold> {
    fold: Arc<F>,
    states: Vec<F::State>,
}

impl<F: Fold> States for Each<F> {
    fn resize(&mut self, groups: usize) {
        if groups > self.states.len() {
            self.states.resize_with(groups, F::State::default);
        }
    }

    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        self.fold.update(&mut self.states, columns, rows)
    }

    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()> {
        self.fold.merge(&mut self.states[group], bytes)
    }

    fn save(&self, group: usize, out: &mut Vec<u8>) {
        self.fold.save(&self.states[group], out);
    }

    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
        self.fold.finish(&self.states[..groups])
    }

    fn forget(&mut self, groups: usize) {
        self.states.drain(..groups);
    }

    fn reset(&mut self, group: usize) {
        self.states[group] = F::State::default();
    }

    fn bytes(&self) -> usize {
        self.states.capacity() * size_of::<F::State>() + self.states.iter().map(State::bytes).sum::<usize>()
    }
}
