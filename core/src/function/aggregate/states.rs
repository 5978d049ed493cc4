//! What an aggregate function of ours remembers, for all groups of one call.

use arrow::array::ArrayRef;
use datafusion::common::Result as EngineResult;
use std::fmt::Debug;

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
}

/// The states of all groups. Combinators wrap a `dyn States`, so this is all that a function has to be.
pub(crate) trait States: Send + Sync + Debug {
    /// Makes room for so many groups, which start empty.
    fn resize(&mut self, groups: usize);
    fn update(&mut self, columns: &[ArrayRef], rows: &Rows) -> EngineResult<()>;
    /// The bytes come from [`States::save`], of this version or an older one, on any machine.
    fn merge(&mut self, group: usize, bytes: &[u8]) -> EngineResult<()>;
    fn save(&self, group: usize, out: &mut Vec<u8>);
    /// The values of the first groups.
    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef>;
    /// Forgets the first groups; the others move down.
    fn forget(&mut self, groups: usize);
    fn bytes(&self) -> usize;
}

/// What one group remembers.
pub(crate) trait State: Default + Send + Sync + Debug {
    fn save(&self, out: &mut Vec<u8>);
    /// Bytes on the heap.
    fn bytes(&self) -> usize {
        0
    }
}

/// How rows get into states, and values out.
pub(crate) trait Fold: Send + Sync + Debug {
    type State: State;
    fn update(&self, states: &mut [Self::State], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()>;
    /// Adds what [`State::save`] wrote.
    fn merge(&self, state: &mut Self::State, bytes: &[u8]) -> EngineResult<()>;
    fn finish(&self, states: &[Self::State]) -> EngineResult<ArrayRef>;
}

/// One state for each group, side by side.
#[derive(Debug)]
pub(crate) struct Each<F: Fold> {
    fold: F,
    states: Vec<F::State>,
}

impl<F: Fold> Each<F> {
    pub(crate) fn new(fold: F) -> Each<F> {
        Each { fold, states: Vec::new() }
    }
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
        self.states[group].save(out);
    }

    fn finish(&mut self, groups: usize) -> EngineResult<ArrayRef> {
        self.fold.finish(&self.states[..groups])
    }

    fn forget(&mut self, groups: usize) {
        self.states.drain(..groups);
    }

    fn bytes(&self) -> usize {
        self.states.capacity() * size_of::<F::State>() + self.states.iter().map(State::bytes).sum::<usize>()
    }
}
