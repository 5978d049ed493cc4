//! `quantileTDigest`: centroids that are the smaller, the nearer they are to an end (T. Dunning's t-digest), as
//! ClickHouse merges them.
//!
//! The payload is mean and count of each centroid, in rising order (two Float32 each).

use super::Quantiles;
use crate::function::aggregate::bytes::Reader;
use crate::function::aggregate::states::{Fold, Rows, State};
use crate::function::convert::bits;
use arrow::array::*;
use arrow::datatypes::Float64Type;
use datafusion::common::Result as EngineResult;

const EPSILON: f64 = 0.01;
const CENTROIDS_MAX: usize = 2048;
const UNMERGED_MAX: usize = 2048;

#[derive(Clone, Copy, Debug)]
struct Centroid {
    mean: f32,
    count: f32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Digest {
    centroids: Vec<Centroid>,
    count: f64,
    unmerged: usize,
}

impl Digest {
    fn add(&mut self, centroid: Centroid) {
        if centroid.mean.is_nan() || centroid.count.is_nan() || centroid.count <= 0.0 {
            return;
        }
        self.centroids.push(centroid);
        self.count += f64::from(centroid.count);
        self.unmerged += 1;
        if self.unmerged > UNMERGED_MAX {
            self.compress();
        }
    }

    fn compress(&mut self) {
        if self.unmerged > 0 || self.centroids.len() > CENTROIDS_MAX {
            self.centroids.sort_by(|left, right| left.mean.total_cmp(&right.mean));
            if self.centroids.len() > 3 {
                self.merge_neighbours();
            }
            self.unmerged = 0;
        }
        self.merge_by_number();
    }

    /// Merges neighbours whose share of all, near that quantile, is small enough.
    fn merge_neighbours(&mut self) {
        let scale = self.count * EPSILON * 4.0;
        let mut left = 0;
        let mut sum = 0.0;
        let (mut mean, mut count) = (f64::from(self.centroids[0].mean), f64::from(self.centroids[0].count));
        for right in 1..self.centroids.len() {
            let next = self.centroids[right];
            let (next_mean, next_count) = (f64::from(next.mean), f64::from(next.count));
            let quantile = (sum + count * 0.5) / self.count;
            let next_quantile = (sum + count + next_count * 0.5) / self.count;
            let error = (quantile * (1.0 - quantile)).min(next_quantile * (1.0 - next_quantile));
            let mergeable = mean == next_mean || mean.is_finite() && next_mean.is_finite();
            if count + next_count <= scale * error && mergeable {
                count += next_count;
                if next_mean != mean {
                    mean += next_count * (next_mean - mean) / count;
                }
                self.centroids[left] = Centroid { mean: mean as f32, count: count as f32 };
            } else {
                sum += f64::from(self.centroids[left].count);
                left += 1;
                self.centroids[left] = next;
                (mean, count) = (next_mean, next_count);
            }
        }
        self.count = sum + count;
        self.centroids.truncate(left + 1);
    }

    /// Merges so many neighbours each that few enough are left.
    fn merge_by_number(&mut self) {
        if self.centroids.len() <= CENTROIDS_MAX {
            return;
        }
        let batch = self.centroids.len().div_ceil(CENTROIDS_MAX);
        let merge = |many: &[Centroid]| {
            let (mut mean, mut count) = (f64::from(many[0].mean), f64::from(many[0].count));
            for next in &many[1..] {
                count += f64::from(next.count);
                if f64::from(next.mean) != mean {
                    mean += f64::from(next.count) * (f64::from(next.mean) - mean) / count;
                }
            }
            Centroid { mean: mean as f32, count: count as f32 }
        };
        self.centroids = self.centroids.chunks(batch).map(merge).collect();
        self.count = self.centroids.iter().map(|centroid| f64::from(centroid.count)).sum();
    }

    /// Of compressed centroids.
    fn value(&self, level: f64) -> f32 {
        let [first, rest @ ..] = self.centroids.as_slice() else { return f32::NAN };
        if rest.is_empty() {
            return first.mean;
        }
        let wanted = level * self.count;
        let mut before = (0.0, first.mean, first.count);
        let mut sum = 0f32;
        for centroid in &self.centroids {
            let middle = f64::from(sum + centroid.count * 0.5);
            if middle >= wanted {
                // single values are points, and not intervals
                let left = before.0 + if before.2 == 1.0 { 0.5 } else { 0.0 };
                let right = middle - if centroid.count == 1.0 { 0.5 } else { 0.0 };
                if wanted <= left {
                    return before.1;
                }
                if wanted >= right {
                    return centroid.mean;
                }
                let share = (wanted - left) / (right - left);
                return ((1.0 - share) * f64::from(before.1) + share * f64::from(centroid.mean)) as f32;
            }
            sum += centroid.count;
            before = (middle, centroid.mean, centroid.count);
        }
        before.1
    }
}

impl State for Digest {
    fn save(&self, out: &mut Vec<u8>) {
        let mut compressed = self.clone();
        compressed.compress();
        for centroid in &compressed.centroids {
            out.extend_from_slice(&centroid.mean.to_le_bytes());
            out.extend_from_slice(&centroid.count.to_le_bytes());
        }
    }

    fn bytes(&self) -> usize {
        self.centroids.capacity() * 8
    }
}

#[derive(Debug)]
pub(super) struct TDigest(pub(super) Quantiles);

impl Fold for TDigest {
    type State = Digest;

    fn update(&self, states: &mut [Digest], columns: &[ArrayRef], rows: &Rows) -> EngineResult<()> {
        let values = self.0.floats(&columns[0])?;
        let values = values.as_primitive::<Float64Type>().values();
        let weights = columns.get(1).map(bits).transpose()?;
        for (row, group) in rows.iter() {
            let count = weights.as_ref().map_or(1.0, |weights| weights.value(row) as u64 as f32);
            states[group].add(Centroid { mean: values[row] as f32, count });
        }
        Ok(())
    }

    fn merge(&self, state: &mut Digest, bytes: &[u8]) -> EngineResult<()> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let (mean, count) = (f32::from_bits(reader.u32()?), f32::from_bits(reader.u32()?));
            state.add(Centroid { mean, count: if count.is_finite() { count } else { 0.0 } });
        }
        Ok(())
    }

    fn finish(&self, states: &[Digest]) -> EngineResult<ArrayRef> {
        let mut values = Vec::with_capacity(states.len() * self.0.levels.len());
        for state in states {
            let mut compressed = state.clone();
            compressed.compress();
            values.extend(self.0.levels.iter().map(|level| f64::from(compressed.value(*level))));
        }
        self.0.of_floats(values, states.len())
    }
}
