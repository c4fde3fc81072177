//! Streaming attention.

use super::softmax::exponential;
use super::{EXP, count, sum_additions};

/// How many keys of a push are added up before the compensated sums take them in.
const BLOCK: usize = 16;

/// How the reference of a state moves, and what that costs each key.
struct Reference {
    at: f64,
    keys: Vec<Key>,
}

/// The relative errors of one key, in the sums that are read in the end.
struct Key {
    weight: f64,
    /// Of the additions of its block to one sum of weights, and of its product with its value and the
    /// additions to one sum of those.
    in_weights: f64,
    in_values: f64,
}

impl Reference {
    /// The first score is the reference; one above it moves it to 8 beyond. All sums are then multiplied
    /// by the exponential of the distance.
    fn push(&mut self, scores: &[f64]) {
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if top > self.at {
            let first = self.at == f64::NEG_INFINITY;
            let next = if first { top } else { top + 8.0 };
            for key in &mut self.keys {
                key.weight += (next - self.at) + EXP + 1.0;
            }
            self.at = next;
        }
        self.keys.extend(scores.iter().map(|score| Key {
            weight: exponential(self.at - score),
            in_weights: sum_additions(scores.len()),
            in_values: count(scores.len()),
        }));
    }
}

/// The context of scores that were pushed in these groups, whose weights are `a` in the end: the error
/// of each weight, the sums over its block, two sums that are read (each rounds once, being
/// compensated), a reciprocal and a product.
pub fn running(groups: &[&[f64]], a: &[f64], values: &[f64], context: f64) -> f64 {
    let mut reference = Reference {
        at: f64::NEG_INFINITY,
        keys: Vec::new(),
    };
    for block in groups.iter().flat_map(|group| group.chunks(BLOCK)) {
        reference.push(block);
    }
    let (mut of_values, mut of_weights) = (0.0, 0.0);
    for ((a, key), value) in a.iter().zip(&reference.keys).zip(values) {
        of_values += a * (key.weight + key.in_values) * value.abs();
        of_weights += a * (key.weight + key.in_weights);
    }
    of_values + context.abs() * (of_weights + 4.0)
}
