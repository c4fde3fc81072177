//! Streaming attention.

use super::softmax::exponential;
use super::{EXP, magnitude};

/// How the reference of a state moves, and what that costs each key.
struct Reference {
    at: f64,
    /// Of each key pushed so far, the relative error of its weight.
    keys: Vec<f64>,
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
                *key += (next - self.at) + EXP + 1.0;
            }
            self.at = next;
        }
        let of_key = |score: &f64| exponential(self.at - score);
        self.keys.extend(scores.iter().map(of_key));
    }
}

/// The context of scores that were pushed in these blocks, whose weights are `a` in the end: the error
/// of each weight, the product with its value, two sums that are read (each rounds once, being
/// compensated), a reciprocal and a product.
pub fn running(blocks: &[&[f64]], a: &[f64], values: &[f64], context: f64) -> f64 {
    let mut reference = Reference {
        at: f64::NEG_INFINITY,
        keys: Vec::new(),
    };
    for block in blocks {
        reference.push(block);
    }
    let of_values: f64 = a
        .iter()
        .zip(&reference.keys)
        .zip(values)
        .map(|((a, key), value)| a * (key + 1.0) * value.abs())
        .sum();
    of_values + context.abs() * (magnitude(a, &reference.keys) + 4.0)
}
